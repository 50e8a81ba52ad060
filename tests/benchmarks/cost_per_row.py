"""What a row costs when there are many: extraction and assembly with an encoder that does nothing.

python -m tests.benchmarks.cost_per_row [--rows 1000 10000 100000] [--runs 3]
"""

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from pipeline.features.assemble import assemble
from pipeline.features.encoder import Field, Row
from pipeline.features.extract import extract
from pipeline.features.rows import RowCache
from tests.benchmarks.measuring import Ratio, report

WIDTH = 512


class Synthetic:
    """A row of 1 kB from a number."""

    name = "synthetic"
    fingerprint: dict[str, object] = {}  # noqa: RUF012 - as the protocol has it
    fields = (Field("features", (WIDTH,), "float16"),)
    batch_size = 8
    parallel_calls = 1

    def load(self, source: int) -> int:
        return source

    def group(self, item: int) -> None:
        return None

    def encode(self, batch: Sequence[int]) -> list[Row]:
        return [{"features": np.full(WIDTH, number % 1000, np.float16)} for number in batch]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    costs: dict[int, list[float]] = {rows: [] for rows in arguments.rows}
    cost(arguments.rows[0])
    for _ in range(arguments.runs):
        for rows in arguments.rows:
            costs[rows].append(cost(rows))
    few, many = min(costs), max(costs)
    report(
        "cost_per_row",
        f"cost per row with {many:,} rows against {few:,}",
        Ratio.of(costs[many], costs[few]),
        "at most 1.15",
        **{f"microseconds_{rows}": round(1e6 * median(costs[rows])) for rows in costs},
    )


def cost(rows: int) -> float:
    """Seconds per row, from an empty cache to the HDF5 file."""
    keys = [sha256(str(number).encode()).hexdigest() for number in range(rows)]
    encoder = Synthetic()
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        cache = RowCache(Path(folder) / "cache", encoder)
        extract(encoder, zip(keys, range(rows), strict=True), cache)
        assemble(Path(folder) / "out.h5", encoder, keys, cache)
        return (time.perf_counter() - start) / rows


if __name__ == "__main__":
    main()
