"""The benchmarks' data: MVSA-Single in the folder REAL_DATA, else a sample corpus."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource, StoredImage
from pipeline.sample import write_sample_corpus
from pipeline.tokenizers.tokenize import tokenize

MAX_WORDS = 100
_SAMPLE_SEED = 13


@contextmanager
def corpus(posts: int) -> Iterator[Path]:
    """Yield the folder of MVSA-Single, or of a sample corpus of this size."""
    if real := os.environ.get("REAL_DATA"):
        yield Path(real) / "mvsa"
        return
    with TemporaryDirectory() as folder:
        write_sample_corpus(Path(folder), _SAMPLE_SEED, train=posts, dev=1, test=1)
        yield Path(folder)


@contextmanager
def images(count: int) -> Iterator[list[tuple[str, StoredImage]]]:
    """Yield (key, source) of the first distinct readable images."""
    found: dict[str, StoredImage] = {}
    with corpus(count) as folder, ImageSource.open(folder / "image.zip") as source:
        for name in source.names():
            try:
                image = source.read(name)
                image.open()
            except ImageError:
                continue
            found.setdefault(image.key, StoredImage(source, name, image.key))
            if len(found) == count:
                break
        yield list(found.items())


def texts(count: int) -> dict[str, list[str]]:
    """The words of the first distinct texts of the train split, by key."""
    with corpus(count) as folder:
        table = pd.read_csv(folder / "train_data.csv", dtype=str, keep_default_na=False)
    found: dict[str, list[str]] = {}
    for text in table["text"]:
        words = tokenize(text, "glove_ruby")[:MAX_WORDS] or ["<unk>"]
        found.setdefault(sha256(" ".join(words).encode()).hexdigest(), words)
        if len(found) == count:
            break
    return found


def corpus_name() -> str:
    return "MVSA-Single" if os.environ.get("REAL_DATA") else "sample corpus"
