"""Extraction of one per cent of new images in a corpus that is already extracted.

python -m tests.benchmarks.new_images [--images 400] [--runs 5] [--clock wall]
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.core.device import resolve_device
from pipeline.encoders.detectors import load_detector
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.extract import extract
from pipeline.images.source import StoredImage
from tests.benchmarks.corpora import corpus_name, images
from tests.benchmarks.measuring import (
    Clock,
    Ratio,
    bench_arguments,
    clock_named,
    medians,
    report,
)

DETECTOR = "fasterrcnn_lite"


def main() -> None:
    parser = bench_arguments(__doc__, runs=5)
    parser.add_argument("--images", type=int, default=400)
    arguments = parser.parse_args()
    clock = clock_named(arguments.clock)
    count, share = arguments.images, max(1, arguments.images // 100)
    encoder = RegionEncoder(DETECTOR, load_detector(DETECTOR, None), 36, resolve_device("auto"))
    whole, added = [], []
    with images(count + share) as items:
        encoder.encode([encoder.load(items[0][1])])
        for _ in range(arguments.runs):
            with TemporaryDirectory() as folder:
                whole.append(seconds_for(encoder, items[:count], Path(folder), clock))
                added.append(seconds_for(encoder, items, Path(folder), clock))
    report(
        "new_images",
        f"time for {share / count:.1%} new images against the whole extraction",
        Ratio.of(added, whole),
        "at most 0.03",
        images=count,
        corpus=corpus_name(),
        clock=arguments.clock,
        **medians({"whole": whole, "added": added}),
    )


def seconds_for(
    encoder: RegionEncoder, items: Sequence[tuple[str, StoredImage]], folder: Path, clock: Clock
) -> float:
    """Seconds from opening the cache to the complete HDF5 file."""
    start = clock()
    cache = RowCache(folder / "cache", encoder)
    extract(encoder, items, cache)
    assemble(folder / "regions.h5", encoder, [key for key, _ in items], cache)
    return clock() - start


if __name__ == "__main__":
    main()
