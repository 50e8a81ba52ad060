"""Word vectors in text files, read line by line; only the wanted ones are kept in memory."""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pipeline.errors import UserError
from pipeline.files import file_hash

Array = npt.NDArray[Any]

# Lines from which the width is inferred, and the most bytes of one.
_FIRST_LINES = 100
_MAX_LINE_BYTES = 2**20


@dataclass(frozen=True)
class PretrainedVectors:
    """What a file of word vectors knows about a corpus.

    vectors: (D,) float32, of each wanted word that the file has. mean: (D,) float32, of all its
    rows. rows: their number. rejected: lines that hold no vector, left out of the mean too.
    sha256: of each file, by name.
    """

    vectors: dict[str, Array]
    mean: Array
    rows: int
    rejected: int
    sha256: dict[str, str]


def read_text_vectors(path: Path, wanted: Set[str]) -> PretrainedVectors:
    """Read one word and its values per line, with or without word2vec's header; .gz is unzipped.

    The file is read as bytes, lines end at newlines only, and values are split off from the right:
    a word may be a character that text readers take for a line break (U+0085 is one of GloVe's),
    and in some published files it contains spaces. Of duplicate words, the first counts.

    Raises:
        UserError: it is no such file, incomplete, or called .gz and no gzip file.
    """
    keys = {word.encode(): word for word in wanted}
    found: dict[str, Array] = {}
    rows = rejected = 0
    with _opened(path) as file:
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
                found.setdefault(keys[word], vector.astype(np.float32))
    _check_rows(path, rows, rejected, announced)
    mean = (total / rows).astype(np.float32)
    return PretrainedVectors(found, mean, rows, rejected, {path.name: file_hash(path)})


def _layout(path: Path, file: IO[bytes]) -> tuple[int | None, int]:
    """How many words a header announces, and how many values a line has; skips the header."""
    first, *others = [file.readline(_MAX_LINE_BYTES) for _ in range(_FIRST_LINES)]
    # Most lines have the width: single words with spaces do not disturb.
    widths = Counter(_spaces(line) for line in others if line) or Counter([_spaces(first)])
    width = widths.most_common(1)[0][0]
    if width == 0:
        raise UserError(f"{path} is no text file of word vectors")
    header = re.fullmatch(rb"(\d{1,18}) (\d{1,18})\s*", first) if width > 1 else None
    if header and int(header[2]) != width:
        raise UserError(f"{path} announces {int(header[2])} values per word but holds {width}")
    file.seek(len(first) if header else 0)
    return (int(header[1]) if header else None), width


def _check_rows(path: Path, rows: int, rejected: int, announced: int | None) -> None:
    lines = rows + rejected
    if rows <= rejected:
        raise UserError(f"{path}: {rejected} of {lines} lines hold no word and vector")
    if announced not in (None, lines):
        raise UserError(f"{path} announces {announced} words but holds {lines}; is it complete?")


def _spaces(line: bytes) -> int:
    return line.rstrip(b" \r\n").count(b" ")


def _lines(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    size = None if path.suffix == ".gz" else path.stat().st_size
    with tqdm(total=size, desc=path.name, unit="B", unit_scale=True, mininterval=0.5) as bar:
        while line := file.readline(_MAX_LINE_BYTES):
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


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
