"""Peak memory of extraction and assembly, with few and with many pictures.

Pictures are decoded as ever; rows are as large as regions', but cost no detector.

python -m tests.benchmarks.memory [--pictures 1000 8000]
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

from pipeline.corpus.images import ImageSource, decode_image
from pipeline.features.assemble import assemble
from pipeline.features.encoder import Field, Row
from pipeline.features.extract import extract
from pipeline.features.rows import RowCache
from tests.benchmarks.corpora import corpus, corpus_name
from tests.benchmarks.measuring import Ratio, report

_SAMPLE_POSTS = 50


@dataclass(frozen=True)
class Numbered:
    """A picture that may stand for many: its number makes the row."""

    source: ImageSource
    name: str
    number: int


class RegionSized:
    """Rows of 36 x 1024, filled with the mean of the picture."""

    name = "region-sized"
    fingerprint: dict[str, object] = {}  # noqa: RUF012 - as the protocol has it
    fields = (Field("features", (36, 1024), "float16"),)
    batch_size = 1
    parallel_calls = 1

    def load(self, source: Numbered) -> tuple[Image, int]:
        return decode_image(source.source.read(source.name)), source.number

    def group(self, item: tuple[Image, int]) -> None:
        return None

    def encode(self, batch: Sequence[tuple[Image, int]]) -> list[Row]:
        return [
            {"features": np.full((36, 1024), np.asarray(image).mean() + number % 100, np.float16)}
            for image, number in batch
        ]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, nargs=2, default=[1000, 8000])
    few, many = parser.parse_args().pictures
    with corpus(_SAMPLE_POSTS) as folder:
        peaks = {count: peak(folder / "image.zip", count) for count in (few, many)}
    report(
        "memory",
        f"peak memory of extraction with {many:,} pictures against {few:,}",
        Ratio.of([peaks[many]], [peaks[few]]),
        "at most 1.10",
        corpus=corpus_name(),
        **{f"megabytes_{count}": round(value / 1000) for count, value in peaks.items()},
    )


def peak(images: Path, count: int) -> int:
    """Kilobytes at the height of a process of its own."""
    fresh = multiprocessing.get_context("spawn")
    heard, told = fresh.Pipe(duplex=False)
    with TemporaryDirectory() as folder:
        process = fresh.Process(target=work, args=(images, count, Path(folder), told))
        process.start()
        kilobytes: int = heard.recv()
        process.join()
    return kilobytes


def work(
    images: Path, count: int, folder: Path, told: "multiprocessing.connection.Connection"
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
    told.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
