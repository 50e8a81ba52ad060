"""An encoder without a model, whose rows are known."""

import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.rows.extract import extract


def key_of(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def row_of(number: int) -> Row:
    length = number % 4
    return {
        "vector": np.array([number, number / 2], dtype=np.float16),
        "words": np.full((length, 3), number, dtype=np.float16),
        "empty": np.arange(length) == 1,
    }


class ToyEncoder:
    """Encodes numbers; numbers of equal parity share batches."""

    name = "toy"
    fields = (
        Field("vector", (2,), "float16"),
        Field("words", (3,), "float16", ragged=True),
        Field("empty", (), "bool", ragged=True),
    )
    revision = 1
    parallel_calls = 2

    def __init__(self, seconds: float = 0.0, batch_size: int = 3, weights: str = "a") -> None:
        self.batch_size = batch_size
        self.fingerprint = {"weights": weights}
        self.loaded: list[int] = []
        self.batches: list[list[int]] = []
        self._seconds = seconds

    def load(self, source: int) -> int:
        self.loaded.append(source)
        return source

    def group(self, item: int) -> int:
        return item % 2

    def encode(self, batch: Sequence[int]) -> list[Row]:
        self.batches.append(list(batch))
        time.sleep(self._seconds)
        return [self.row(number) for number in batch]

    def row(self, number: int) -> Row:
        return row_of(number)


def items(numbers: Sequence[int]) -> list[tuple[str, int]]:
    return [(key_of(number), number) for number in numbers]


def extract_and_assemble(
    root: Path, out: Path, count: int, seconds: float = 0.0, shard_bytes: int = 2**20
) -> int:
    encoder = ToyEncoder(seconds)
    cache = RowCache(root, encoder)
    cache.shard_bytes = shard_bytes
    computed = extract(encoder, items(range(count)), cache, block=8)
    assemble(out, encoder, [key_of(number) for number in range(count)], cache)
    return computed


def extract_in_small_steps(root: Path, out: Path, count: int) -> None:
    """For a process of its own: slow, and with about ten rows a shard, so that a kill in between
    finds something to lose and something to keep."""
    extract_and_assemble(root, out, count, 0.002, shard_bytes=200)
