"""Timing on a machine whose speed drifts: alternating runs, compared as ratios pair by pair.

Every script takes --clock: `wall` is what a user waits for. On a busy machine, `cpu` compares CPU
seconds, in one thread, since threads that wait for each other use CPU time.
"""

import json
import multiprocessing
import os
import platform
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import torch

from pipeline import paths
from pipeline.cores import core_count
from pipeline.evaluation.origin import processor
from pipeline.files import whole_file

BENCH = paths.REPORTS / "bench.json"
Clock = Callable[[], float]
_LIBRARIES = ("torch", "torchvision", "transformers", "h5py", "numpy")


@dataclass(frozen=True)
class Ratio:
    """Median, minimum and maximum of ratios measured pair by pair."""

    ratio: float
    least: float
    greatest: float
    pairs: int

    @classmethod
    def of(cls, measured: Sequence[float], against: Sequence[float]) -> "Ratio":
        ratios = sorted(a / b for a, b in zip(measured, against, strict=True))
        return cls(*(round(x, 4) for x in (median(ratios), ratios[0], ratios[-1])), len(ratios))


def bench_arguments(description: str | None, runs: int) -> ArgumentParser:
    """A parser with the options that all scripts share."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    return parser


def clock_named(name: str) -> Clock:
    """The clock of --clock; "cpu" also limits PyTorch to one thread."""
    if name == "wall":
        return time.perf_counter
    torch.set_num_threads(1)
    return time.process_time


def alternate(
    runs: int, clock: Clock = time.perf_counter, /, **actions: Callable[[], object]
) -> dict[str, list[float]]:
    """Seconds of each action; the actions are called in turn, `runs` times.

    The caller warms up, with one call of each action on little data.
    """
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            start = clock()
            action()
            seconds[name].append(clock() - start)
    return seconds


class SeparateProcess:
    """An action in a fresh process, which the other actions have not set up.

    steps: a generator function, at the top of a module. The constructor runs it up to its first
    `yield`, which is preparation; each call runs it up to the next.
    """

    def __init__(self, steps: Callable[..., Iterator[None]], *arguments: object) -> None:
        fresh = multiprocessing.get_context("spawn")
        self._connection, theirs = fresh.Pipe()
        fresh.Process(target=_step, args=(theirs, steps, arguments), daemon=True).start()
        theirs.close()
        self._connection.recv()

    def __call__(self) -> None:
        self._connection.send(None)
        self._connection.recv()


def _step(
    connection: Connection, steps: Callable[..., Iterator[None]], arguments: tuple[object, ...]
) -> None:
    with suppress(EOFError):  # the script has ended
        for _ in steps(*arguments):
            connection.send(None)
            connection.recv()


def report(name: str, what: str, found: Ratio, aim: str, **sizes: Any) -> None:
    """Print a ratio and write it to bench.json with machine, versions and sizes."""
    print(
        f"{what}: {found.ratio:.3g} (aim: {aim}; {found.least:.3g} to {found.greatest:.3g} in"
        f" {found.pairs}); {', '.join(f'{key} {value}' for key, value in sizes.items())};"
        f" other work had {(others := _MACHINE.others()):.0%} of the machine",
        flush=True,
    )
    entry = {"what": what, "aim": aim, **asdict(found), "sizes": sizes, **_circumstances()}
    entry["other_work"] = round(others, 3)
    kept = json.loads(BENCH.read_text()) if BENCH.exists() else {}
    with whole_file(BENCH) as temporary:
        temporary.write_text(json.dumps({**kept, name: entry}, indent=2, sort_keys=True) + "\n")


def medians(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median seconds of each action, for a report's sizes."""
    return {f"seconds_{name}": round(median(values), 3) for name, values in seconds.items()}


class _Machine:
    """The load of the processors since this script began."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def others(self) -> float:
        """The share of all processors' time used by other processes and other guests."""
        whole = (time.monotonic() - self._start) * (os.cpu_count() or 1)
        taken = _busy_seconds() - self._busy - (_own_seconds() - self._own)
        return max(0.0, taken / whole)


def _busy_seconds() -> float:
    """Of all processors since boot; 0 where /proc is missing."""
    try:
        first = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, hard, soft, steal = map(int, first.split()[1:9])
    return (user + nice + system + hard + soft + steal) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Of this process and its children, including running ones (`SeparateProcess`)."""
    own = os.times()
    running = sum(_seconds_of(child.pid) for child in multiprocessing.active_children())
    return own.user + own.system + own.children_user + own.children_system + running


def _seconds_of(pid: int | None) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    user, system = map(int, stat.rpartition(")")[2].split()[11:13])
    return (user + system) / os.sysconf("SC_CLK_TCK")


_MACHINE = _Machine()


def _circumstances() -> dict[str, Any]:
    gpu = {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    cpu = processor(torch.device("cpu"))
    machine = {"cores": core_count(), "processor": cpu, **gpu}
    versions = {name: version(name) for name in _LIBRARIES}
    return {"machine": machine, "versions": {"python": platform.python_version(), **versions}}
