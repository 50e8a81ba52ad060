"""Extraction and assembly that are killed again and again, and what must hold after each kill."""

import random
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pipeline.encoders.rows import assemble as assembly
from pipeline.encoders.rows import extract as extraction
from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.rows.extract import extract
from tests.encoders.rows.fresh_process import FRESH
from tests.encoders.rows.toy_encoder import ToyEncoder, items, key_of

ROWS = 240
_ROWS_PER_SHARD = 10
_EARLIER = b"an earlier file"


class TextLike(ToyEncoder):
    """Ragged rows, and one fixed field."""

    name = "text-like"


class RegionLike(ToyEncoder):
    """Fixed rows only."""

    name = "region-like"
    fields = (
        Field("features", (4, 3), "float16"),
        Field("boxes", (4, 4), "float32"),
        Field("mask", (4,), "bool"),
    )

    def row(self, number: int) -> Row:
        return {
            "features": np.full((4, 3), number, dtype=np.float16),
            "boxes": np.arange(16, dtype=np.float32).reshape(4, 4) + number,
            "mask": np.arange(4) < number % 5,
        }


KINDS = {kind.name: kind for kind in (RegionLike, TextLike)}


@dataclass
class Kills:
    """How many kills hit which part of the work, and how many rows each cost."""

    extracting: int = 0
    assembling: int = 0
    lost: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.extracting + self.assembling


def kill_and_resume(kind: str, folder: Path, kills: int, seed: int) -> Kills:
    """Kill a run at random moments, resume it each time until it ends, and begin anew until there
    have been `kills` of them; asserts what must hold after each kill and at each end."""
    straight = _Run(KINDS[kind](), folder / "straight")
    assert straight.ends_within(60.0)  # the first process of all waits for libraries to load
    shutil.rmtree(folder / "straight")
    straight = _Run(KINDS[kind](), folder / "straight")
    start = time.monotonic()
    assert straight.ends_within(60.0)
    longest = time.monotonic() - start
    expected = straight.out.read_bytes()
    rng, met = random.Random(seed), Kills()
    while met.count < kills:
        shutil.rmtree(folder / "killed", ignore_errors=True)
        run = _Run(KINDS[kind](), folder / "killed")
        while not run.ends_within(rng.uniform(0, longest) if met.count < kills else 60.0):
            run.check(met, expected)
        assert run.out.read_bytes() == expected
    return met


class _Run:
    def __init__(self, encoder: ToyEncoder, folder: Path) -> None:
        folder.mkdir()
        self.out = folder / "out.h5"
        self.out.write_bytes(_EARLIER)
        self._encoder, self._root = encoder, folder / "cache"
        self._log = folder / "computed"
        self._kept: set[int] = set()

    def ends_within(self, seconds: float) -> bool:
        """Start or resume; whether it came to its end before it was killed."""
        self._log.write_text("")
        process = FRESH.Process(
            target=_run_slowly, args=(self._encoder.name, self._root, self.out, self._log)
        )
        process.start()
        process.join(seconds)
        process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        return process.exitcode == 0

    def check(self, met: Kills, expected: bytes) -> None:
        """What must hold after a kill; `expected` is the file at the end."""
        kept = self._rows_kept()
        assert self._kept <= kept
        computed = {int(number) for number in self._log.read_text().split()}
        assert not computed & self._kept
        lost = computed - kept
        # Rows of the open shard, of the one on its way to disk, and in the model's hands.
        batches = 3 + self._encoder.parallel_calls
        room = 2 * _shard_bytes(self._encoder) + batches * self._encoder.batch_size * max(
            map(_size, map(self._encoder.row, range(ROWS)))
        )
        assert sum(_size(self._encoder.row(number)) for number in lost) <= room
        assert self.out.read_bytes() in (_EARLIER, expected)
        met.extracting += len(kept) < ROWS
        met.assembling += len(kept) == ROWS
        met.lost.append(len(lost))
        self._kept = kept

    def _rows_kept(self) -> set[int]:
        missing = set(RowCache(self._root, self._encoder).missing(_keys(range(ROWS))))
        return {number for number in range(ROWS) if key_of(number) not in missing}


def _run_slowly(kind: str, root: Path, out: Path, log: Path) -> None:
    """For a process of its own: small shards and pauses, so that a kill meets every step."""
    encoder = KINDS[kind](seconds=0.006)
    extraction.tqdm = partial(tqdm, disable=True)  # type: ignore[misc,assignment]
    write, encode = assembly._write_runs, encoder.encode

    def write_slowly(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        time.sleep(0.003)

    def encode_and_log(batch: Sequence[int]) -> list[Row]:
        rows = encode(batch)
        with log.open("a") as file:
            file.write("".join(f"{number} " for number in batch))
        return rows

    assembly._write_runs = write_slowly
    encoder.encode = encode_and_log  # type: ignore[method-assign]
    cache = RowCache(root, encoder)
    cache.shard_bytes = _shard_bytes(encoder)
    extract(encoder, items(range(ROWS)), cache, block=16)
    assemble(out, encoder, _keys(range(ROWS)), cache)


def _shard_bytes(encoder: ToyEncoder) -> int:
    return sum(_size(encoder.row(number)) for number in range(_ROWS_PER_SHARD))


def _keys(numbers: Sequence[int]) -> list[str]:
    return [key_of(number) for number in numbers]


def _size(row: Row) -> int:
    return sum(array.nbytes for array in row.values())
