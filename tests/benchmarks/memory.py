"""Peak memory of extraction and assembly, with few and with many images.

Images are decoded; rows have the size of regions but need no detector.

python -m tests.benchmarks.memory [--images 1000 8000]
"""

import multiprocessing
import resource
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL.Image import Image

from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.rows.extract import extract
from pipeline.images.source import ImageSource
from tests.benchmarks.corpora import corpus, corpus_name
from tests.benchmarks.measuring import Ratio, report

_SAMPLE_POSTS = 50


@dataclass(frozen=True)
class Numbered:
    """An image with a number, so that one file can give many rows."""

    source: ImageSource
    name: str
    number: int


class RegionSized:
    """Rows of 36 x 1024, filled with the mean of the image."""

    name = "region-sized"
    fingerprint: dict[str, object] = {}  # noqa: RUF012 - as the protocol has it
    fields = (Field("features", (36, 1024), "float16"),)
    batch_size = 1
    revision = 1
    parallel_calls = 1

    def load(self, source: Numbered) -> tuple[Image, int]:
        return source.source.read(source.name).open(), source.number

    def group(self, item: tuple[Image, int]) -> None:
        return None

    def encode(self, batch: Sequence[tuple[Image, int]]) -> list[Row]:
        return [
            {"features": np.full((36, 1024), np.asarray(image).mean() + number % 100, np.float16)}
            for image, number in batch
        ]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs=2, default=[1000, 8000])
    few, many = parser.parse_args().images
    with corpus(_SAMPLE_POSTS) as folder:
        peaks = {count: peak(folder / "image.zip", count) for count in (few, many)}
    report(
        "memory",
        f"peak memory of extraction with {many:,} images against {few:,}",
        Ratio.of([peaks[many]], [peaks[few]]),
        "at most 1.10",
        corpus=corpus_name(),
        **{f"megabytes_{count}": round(value / 1000) for count, value in peaks.items()},
    )


def peak(images: Path, count: int) -> int:
    """Peak memory of a fresh process, in kilobytes."""
    fresh = multiprocessing.get_context("spawn")
    receiver, sender = fresh.Pipe(duplex=False)
    with TemporaryDirectory() as folder:
        process = fresh.Process(target=work, args=(images, count, Path(folder), sender))
        process.start()
        kilobytes: int = receiver.recv()
        process.join()
    return kilobytes


def work(
    images: Path, count: int, folder: Path, sender: "multiprocessing.connection.Connection"
) -> None:
    encoder = RegionSized()
    cache = RowCache(folder / "cache", encoder)
    with ImageSource.open(images) as source:
        names = source.names()
        items = {
            sha256(str(number).encode()).hexdigest(): Numbered(
                source, names[number % len(names)], number
            )
            for number in range(count)
        }
        extract(encoder, items.items(), cache)
    assemble(folder / "out.h5", encoder, list(items), cache)
    sender.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
