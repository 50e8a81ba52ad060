"""What storing an image's regions costs, around an encoder that computes nothing.

CPU seconds, unless --clock says otherwise: waits for the disk are not the machinery's.

python -m tests.benchmarks.row_machinery [--rows 4000] [--runs 5] [--clock wall]
"""

from collections.abc import Callable, Hashable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pipeline.encoders.regions.encoder import region_fields
from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Row
from pipeline.encoders.rows.extract import extract
from tests.benchmarks.measuring import Ratio, bench_arguments, clock_named, report

REGIONS, WIDTH, BATCH = 36, 1024, 8


def main() -> None:
    parser = bench_arguments(__doc__, runs=5)
    parser.set_defaults(clock="cpu")
    parser.add_argument("--rows", type=int, default=4000)
    arguments = parser.parse_args()
    clock = clock_named(arguments.clock)
    parts = [milliseconds(arguments.rows, clock) for _ in range(arguments.runs)]
    store, write = (round(float(x), 3) for x in np.median(parts, axis=0))
    report(
        "row_machinery",
        "milliseconds of the machinery around an encoder, an image of 36 x 1024",
        Ratio.of([sum(part) for part in parts], [1.0] * len(parts)),
        "at most 0.4",
        rows=arguments.rows,
        clock=arguments.clock,
        milliseconds_store=store,
        milliseconds_hdf5=write,
    )


def milliseconds(count: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Of a row: to store it in the cache, and to write it to the HDF5 file."""
    encoder = Nothing()
    keys = [sha256(str(number).encode()).hexdigest() for number in range(count)]
    with TemporaryDirectory() as folder:
        cache = RowCache(Path(folder) / "cache", encoder)
        start = clock()
        extract(encoder, list(zip(keys, range(count), strict=True)), cache)
        middle = clock()
        assemble(Path(folder) / "regions.h5", encoder, keys, cache)
        return (middle - start) / count * 1e3, (clock() - middle) / count * 1e3


class Nothing:
    """An encoder whose rows are there already."""

    name = "nothing"
    revision = 1
    fields = region_fields(REGIONS, WIDTH)
    batch_size = BATCH
    parallel_calls = 1

    def __init__(self) -> None:
        self.fingerprint: dict[str, Any] = {}
        random = np.random.default_rng(0)
        self._rows: list[Row] = [
            {
                field.name: random.random(field.shape, np.float32).astype(field.dtype)
                for field in self.fields
            }
            for _ in range(50)
        ]

    def load(self, source: int) -> int:
        return source

    def group(self, item: int) -> Hashable:
        return None

    def encode(self, batch: Sequence[int]) -> list[Row]:
        return [self._rows[number % len(self._rows)] for number in batch]


if __name__ == "__main__":
    main()
