"""What the benchmarks read: real posts where REAL_DATA names them, else the sample corpus."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from pipeline.corpus.images import ImageError, ImageSource, decode_image
from pipeline.corpus.sample import write_sample_corpus
from pipeline.corpus.tweets import tokenize
from pipeline.features.pictures import Picture

MAX_WORDS = 100
_SAMPLE_SEED = 13


@contextmanager
def corpus(posts: int) -> Iterator[Path]:
    """Yield the folder of MVSA-Single, or of a sample corpus with so many posts."""
    if real := os.environ.get("REAL_DATA"):
        yield Path(real) / "mvsa"
        return
    with TemporaryDirectory() as folder:
        write_sample_corpus(Path(folder), _SAMPLE_SEED, train=posts, dev=1, test=1)
        yield Path(folder)


@contextmanager
def pictures(count: int) -> Iterator[list[tuple[str, Picture]]]:
    """Yield (key, source) of the first distinct pictures that can be read."""
    found: dict[str, Picture] = {}
    with corpus(count) as folder, ImageSource.open(folder / "image.zip") as source:
        for name in source.names():
            try:
                data = source.read(name)
                decode_image(data)
            except ImageError:
                continue
            key = sha256(data).hexdigest()
            found.setdefault(key, Picture(source, name, key))
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
