"""Times that can be compared on a machine whose speed drifts: in turn, as ratios pair by pair."""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch

from pipeline import paths
from pipeline.files import whole_file

BENCH = paths.REPORTS / "bench.json"
_LIBRARIES = ("torch", "torchvision", "transformers", "h5py", "numpy")


@dataclass(frozen=True)
class Ratio:
    """The middle, least and greatest of ratios that were measured pair by pair."""

    ratio: float
    least: float
    greatest: float
    pairs: int

    @classmethod
    def of(cls, measured: Sequence[float], against: Sequence[float]) -> "Ratio":
        ratios = sorted(a / b for a, b in zip(measured, against, strict=True))
        return cls(*(round(x, 4) for x in (median(ratios), ratios[0], ratios[-1])), len(ratios))


def in_turn(runs: int, **actions: Callable[[], object]) -> dict[str, list[float]]:
    """Seconds of each action, called one after the other, `runs` times over.

    The caller warms up: one call of each on little is enough, where a whole one takes minutes.
    """
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def report(name: str, what: str, found: Ratio, aim: str, **sizes: Any) -> None:
    """Print a ratio, and put it under its name into bench.json with machine, versions, sizes."""
    print(
        f"{what}: {found.ratio:.3g} (aim: {aim}; {found.least:.3g} to {found.greatest:.3g} in"
        f" {found.pairs}); {', '.join(f'{key} {value}' for key, value in sizes.items())}",
        flush=True,
    )
    entry = {"what": what, "aim": aim, **asdict(found), "sizes": sizes, **_circumstances()}
    kept = json.loads(BENCH.read_text()) if BENCH.exists() else {}
    with whole_file(BENCH) as temporary:
        temporary.write_text(json.dumps({**kept, name: entry}, indent=2, sort_keys=True) + "\n")


def middle(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median seconds of each action, for a report's sizes."""
    return {f"seconds_{name}": round(median(values), 3) for name, values in seconds.items()}


def _circumstances() -> dict[str, Any]:
    gpu = {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    machine = {"cores": len(os.sched_getaffinity(0)), "processor": _processor(), **gpu}
    versions = {name: version(name) for name in _LIBRARIES}
    return {"machine": machine, "versions": {"python": platform.python_version(), **versions}}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
