"""Word vectors in text files, read line by line: memory holds the wanted words alone."""

import gzip
import re
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pipeline.errors import UserError

Array = npt.NDArray[Any]

# Lines that show a file's width, and the longest that may be one.
_FIRST_LINES = 100
_LONGEST_LINE = 2**20


@dataclass(frozen=True)
class TextVectors:
    """found: vectors (D,) by word. mean: (D,), of all rows. rejected: lines that hold no vector."""

    found: dict[str, Array]
    mean: Array
    rows: int
    rejected: int


def read_text_vectors(path: Path, wanted: Set[str]) -> TextVectors:
    """Read one word and its values per line, with or without word2vec's header, maybe gzipped.

    The file is read in bytes, lines end at newlines alone, and values are split off from the
    right: a word may be a character that text readers take for an end of line (U+0085 is one of
    GloVe's), and in some published files it holds spaces. Of equal words the first counts.

    Raises:
        UserError: it is no such file, or incomplete.
    """
    keys = {word.encode(): word for word in wanted}
    found: dict[str, Array] = {}
    rows = rejected = 0
    with _open(path) as file:
        announced, width = _layout(path, file)
        total = np.zeros(width)
        for line in _lines(path, file):
            word, vector = _parse(line, width)
            if vector is None:
                rejected += 1
                continue
            rows += 1
            total += vector
            if word in keys:
                found.setdefault(keys[word], vector)
    if rows <= rejected:
        raise UserError(f"{path}: {rejected} of {rows + rejected} lines hold no word and vector")
    if announced not in (None, rows + rejected):
        raise UserError(
            f"{path} announces {announced} words but holds {rows + rejected}; is it complete?"
        )
    return TextVectors(found, total / rows, rows, rejected)


def _layout(path: Path, file: IO[bytes]) -> tuple[int | None, int]:
    """How many words a header announces, and how many values a line has; skips the header."""
    first, *others = [file.readline(_LONGEST_LINE) for _ in range(_FIRST_LINES)]
    # Most lines have the width: single words with spaces do not disturb.
    widths = Counter(_spaces(line) for line in others if line) or Counter([_spaces(first)])
    width = widths.most_common(1)[0][0]
    if width == 0:
        raise UserError(f"{path} is no text file of word vectors")
    header = re.fullmatch(rb"(\d+) (\d+)\s*", first) if width > 1 else None
    if header and int(header[2]) != width:
        raise UserError(f"{path} announces {int(header[2])} values per word but holds {width}")
    file.seek(len(first) if header else 0)
    return (int(header[1]) if header else None), width


def _spaces(line: bytes) -> int:
    return line.rstrip(b" \r\n").count(b" ")


def _lines(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    size = None if path.suffix == ".gz" else path.stat().st_size
    with tqdm(total=size, desc=path.name, unit="B", unit_scale=True, mininterval=0.5) as bar:
        while line := file.readline(_LONGEST_LINE):
            bar.update(len(line))
            if line.strip(b" \r\n"):
                yield line


def _parse(line: bytes, width: int) -> tuple[bytes, Array | None]:
    word, *values = line.rstrip(b" \r\n").rsplit(b" ", width)
    if not word or len(values) != width:
        return word, None
    try:
        vector = np.array([float(value) for value in values])
    except ValueError:
        return word, None
    return word, (vector if np.isfinite(vector).all() else None)


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path))
    return path.open("rb")
