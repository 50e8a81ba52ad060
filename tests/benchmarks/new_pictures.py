"""Add one per cent of new pictures to a corpus that is extracted already.

python -m tests.benchmarks.new_pictures [--pictures 400] [--runs 3]
"""

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.device import resolve_device
from pipeline.features.assemble import assemble
from pipeline.features.detectors import load_detector
from pipeline.features.extract import extract
from pipeline.features.pictures import Picture
from pipeline.features.regions import RegionEncoder
from pipeline.features.rows import RowCache
from tests.benchmarks.corpora import corpus_name, pictures
from tests.benchmarks.measuring import Ratio, report

DETECTOR = "fasterrcnn_lite"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    count, share = arguments.pictures, max(1, arguments.pictures // 100)
    encoder = RegionEncoder(DETECTOR, load_detector(DETECTOR, None), 36, resolve_device("auto"))
    with pictures(count + arguments.runs * share) as items, TemporaryDirectory() as folder:
        encoder.encode([encoder.load(items[0][1])])
        full = seconds_for(encoder, items[:count], Path(folder))
        added = [
            seconds_for(encoder, items[: count + run * share], Path(folder))
            for run in range(1, arguments.runs + 1)
        ]
    report(
        "new_pictures",
        f"time for {share / count:.1%} new pictures against the whole extraction",
        Ratio.of(added, [full] * len(added)),
        "at most 0.03",
        pictures=count,
        corpus=corpus_name(),
        seconds_full=round(full, 2),
    )


def seconds_for(
    encoder: RegionEncoder, items: Sequence[tuple[str, Picture]], folder: Path
) -> float:
    """From a cache that is opened anew to a complete HDF5 file."""
    start = time.perf_counter()
    cache = RowCache(folder / "cache", encoder)
    extract(encoder, items, cache)
    assemble(folder / "regions.h5", encoder, [key for key, _ in items], cache)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
