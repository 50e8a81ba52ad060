"""Region extraction against the bare model and against a plain loop.

python -m tests.benchmarks.region_extraction [--images 200] [--runs 9] [--clock wall]
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import torch

from pipeline.core.device import frozen_inference, resolve_device
from pipeline.encoders.detectors import Prepared, load_detector
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.extract import extract
from pipeline.images.source import StoredImage
from tests.benchmarks.corpora import corpus_name, images
from tests.benchmarks.measuring import (
    Ratio,
    SeparateProcess,
    alternate,
    bench_arguments,
    clock_named,
    medians,
    report,
)

DETECTOR, REGIONS = "fasterrcnn_lite", 36
Items = Sequence[tuple[str, StoredImage]]


def main() -> None:
    parser = bench_arguments(__doc__, runs=9)
    parser.add_argument("--images", type=int, default=200)
    arguments = parser.parse_args()
    clock = clock_named(arguments.clock)
    device = resolve_device("auto")
    encoder = region_encoder(device)
    with images(arguments.images) as items:
        bare = BareModel(encoder, device, items)
        actions: dict[str, Callable[[], object]] = {
            "extract": lambda: extract_all(encoder, items),
            "bare": bare.run,
        }
        if arguments.clock == "wall":  # no CPU seconds are lost by leaving a core idle
            actions["loop"] = SeparateProcess(plain_loop, arguments.images)
        extract_all(encoder, items[:3])
        seconds = alternate(arguments.runs, clock, **actions)
    sizes = {
        "images": len(items),
        "corpus": corpus_name(),
        "clock": arguments.clock,
        **medians(seconds),
    }
    report(
        "region_extraction_overhead",
        "region extraction against the bare forward on the same decoded batches",
        Ratio.of(seconds["extract"], seconds["bare"]),
        "at most 1.05",
        **sizes,
    )
    if "loop" in seconds:
        report(
            "region_extraction_speed",
            "speed of region extraction against a loop: decode, forward one, write one row",
            Ratio.of(seconds["loop"], seconds["extract"]),
            "at least 1.5",
            **sizes,
        )


def region_encoder(device: torch.device) -> RegionEncoder:
    return RegionEncoder(DETECTOR, load_detector(DETECTOR, None), REGIONS, device)


def extract_all(encoder: RegionEncoder, items: Items) -> None:
    with TemporaryDirectory() as root:
        extract(encoder, items, RowCache(Path(root), encoder))


class BareModel:
    """Forward passes only, on decoded images."""

    def __init__(self, encoder: RegionEncoder, device: torch.device, items: Items) -> None:
        self._detector = load_detector(DETECTOR, None)
        self._detector.to(device)
        self._device, self._calls = device, encoder.parallel_calls
        groups: dict[object, list[Prepared]] = {}
        for _, source in items:
            loaded = encoder.load(source)
            groups.setdefault(encoder.group(loaded), []).append(loaded.prepared)
        self._batches = [
            (torch.stack([image.pixels for image in batch]), [image.size for image in batch])
            for images in groups.values()
            for start in range(0, len(images), encoder.batch_size)
            for batch in [images[start : start + encoder.batch_size]]
        ]

    def run(self) -> None:
        threads = torch.get_num_threads()
        with ThreadPoolExecutor(
            self._calls, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            list(pool.map(self._forward, self._batches))
        torch.set_num_threads(threads)

    def _forward(self, batch: tuple[torch.Tensor, list[tuple[int, int]]]) -> None:
        pixels, sizes = batch
        with frozen_inference(self._device):
            self._detector.detect(pixels.to(self._device), sizes, REGIONS, "top_conf")


def plain_loop(count: int) -> Iterator[None]:
    """The simplest implementation, for a process of its own."""
    encoder = region_encoder(resolve_device("auto"))
    with images(count) as items:
        write_one_by_one(encoder, items[:3])
        while True:
            yield
            write_one_by_one(encoder, items)


def write_one_by_one(encoder: RegionEncoder, items: Items) -> None:
    with TemporaryDirectory() as folder, h5py.File(Path(folder) / "out.h5", "w") as file:
        datasets = {
            field.name: file.create_dataset(field.name, (len(items), *field.shape), field.dtype)
            for field in encoder.fields
        }
        for i, (_, source) in enumerate(items):
            (row,) = encoder.encode([encoder.load(source)])
            for name, values in row.items():
                datasets[name][i] = values


if __name__ == "__main__":
    main()
