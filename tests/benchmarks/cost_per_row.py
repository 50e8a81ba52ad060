"""Cost of a row in extraction and assembly, with an encoder that does nothing.

python -m tests.benchmarks.cost_per_row [--rows 1000 10000 100000] [--runs 9] [--clock wall]
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

import numpy as np

from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.rows.extract import extract
from tests.benchmarks.measuring import Clock, Ratio, bench_arguments, clock_named, report

WIDTH = 512
_LEAST_ROWS = 10_000


class Synthetic:
    """Encodes a number as a row of 1 kB."""

    name = "synthetic"
    fingerprint: dict[str, object] = {}  # noqa: RUF012 - as the protocol has it
    fields = (Field("features", (WIDTH,), "float16"),)
    batch_size = 8
    revision = 1
    parallel_calls = 1

    def load(self, source: int) -> int:
        return source

    def group(self, item: int) -> None:
        return None

    def encode(self, batch: Sequence[int]) -> list[Row]:
        return [{"features": np.full(WIDTH, number % 1000, np.float16)} for number in batch]


def main() -> None:
    parser = bench_arguments(__doc__, runs=9)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000])
    arguments = parser.parse_args()
    clock = clock_named(arguments.clock)
    cost(min(arguments.rows), clock)
    rounds = [
        {rows: cost_of_many(rows, clock) for rows in arguments.rows} for _ in range(arguments.runs)
    ]
    typical = {rows: median(costs[rows] for costs in rounds) for rows in arguments.rows}
    dearest, cheapest = max(typical, key=typical.__getitem__), min(typical, key=typical.__getitem__)
    report(
        "cost_per_row",
        f"cost of a row, the dearest of {', '.join(f'{n:,}' for n in arguments.rows)} rows"
        " against the cheapest",
        Ratio.of([costs[dearest] for costs in rounds], [costs[cheapest] for costs in rounds]),
        "at most 1.15",
        clock=arguments.clock,
        **{f"microseconds_{rows}": round(1e6 * cost) for rows, cost in typical.items()},
    )


def cost_of_many(rows: int, clock: Clock) -> float:
    """The mean over enough runs to measure."""
    return mean(cost(rows, clock) for _ in range(max(1, _LEAST_ROWS // rows)))


def cost(rows: int, clock: Clock) -> float:
    """Seconds per row, from an empty cache to the HDF5 file."""
    keys = [sha256(str(number).encode()).hexdigest() for number in range(rows)]
    encoder = Synthetic()
    with TemporaryDirectory() as folder:
        start = clock()
        cache = RowCache(Path(folder) / "cache", encoder)
        extract(encoder, zip(keys, range(rows), strict=True), cache)
        assemble(Path(folder) / "out.h5", encoder, keys, cache)
        return (clock() - start) / rows


if __name__ == "__main__":
    main()
