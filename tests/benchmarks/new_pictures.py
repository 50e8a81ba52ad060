"""Add one per cent of new pictures to a corpus that is extracted already.

python -m tests.benchmarks.new_pictures [--pictures 400] [--runs 5] [--clock wall]
"""

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
from tests.benchmarks.measuring import (
    Clock,
    Ratio,
    bench_arguments,
    clock_called,
    middle,
    report,
)

DETECTOR = "fasterrcnn_lite"


def main() -> None:
    parser = bench_arguments(__doc__, runs=5)
    parser.add_argument("--pictures", type=int, default=400)
    arguments = parser.parse_args()
    clock = clock_called(arguments.clock)
    count, share = arguments.pictures, max(1, arguments.pictures // 100)
    encoder = RegionEncoder(DETECTOR, load_detector(DETECTOR, None), 36, resolve_device("auto"))
    whole, added = [], []
    with pictures(count + share) as items:
        encoder.encode([encoder.load(items[0][1])])
        for _ in range(arguments.runs):
            with TemporaryDirectory() as folder:
                whole.append(seconds_for(encoder, items[:count], Path(folder), clock))
                added.append(seconds_for(encoder, items, Path(folder), clock))
    report(
        "new_pictures",
        f"time for {share / count:.1%} new pictures against the whole extraction",
        Ratio.of(added, whole),
        "at most 0.03",
        pictures=count,
        corpus=corpus_name(),
        clock=arguments.clock,
        **middle({"whole": whole, "added": added}),
    )


def seconds_for(
    encoder: RegionEncoder, items: Sequence[tuple[str, Picture]], folder: Path, clock: Clock
) -> float:
    """From a cache that is opened anew to a complete HDF5 file."""
    start = clock()
    cache = RowCache(folder / "cache", encoder)
    extract(encoder, items, cache)
    assemble(folder / "regions.h5", encoder, [key for key, _ in items], cache)
    return clock() - start


if __name__ == "__main__":
    main()
