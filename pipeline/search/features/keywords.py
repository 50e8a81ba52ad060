"""Keywords of images as two arrays: records [image, word], and the range of each image in them.

As in the preprocessing published with AMC, the keywords of an image, joined by spaces, are a
document that scikit-learn's CountVectorizer splits into words without English stop words, so that
a keyword of several words is split. The vocabulary is a JSON list instead of a pickled vectoriser.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.errors import UserError
from pipeline.faults import parse_json
from pipeline.files import whole_file

Ints = npt.NDArray[np.int64]
# The number of an image and its keywords.
Keyworded = tuple[int, Sequence[str]]

# Written by the stage `keywords` beside the arrays of each list.
VOCABULARY, IMAGES, TAGGER = "vocab.json", "images.parquet", "tagger.safetensors"
# In the folder of each list.
RECORDS, RANGES = "records.npy", "ranges.npy"

_ROWS_AT_ONCE = 2**13
_HEADER_BYTES = 128  # of a .npy file: one of this size has no rows
_NONE = -1


def keyword_words() -> Callable[[Sequence[str]], list[str]]:
    """A function from the keywords of an image to their words: lower-cased, in order, with
    repetitions, without English stop words and single characters."""
    analyze = CountVectorizer(stop_words="english").build_analyzer()
    return lambda keywords: analyze(" ".join(keywords))


def fit_vocabulary(documents: Iterable[Sequence[str]], min_df: int) -> list[str]:
    """The words in at least `min_df` documents, sorted.

    It is the vocabulary that CountVectorizer would fit, without holding all documents in memory.

    Raises:
        UserError: no word is that frequent.
    """
    words_of = keyword_words()
    counts = Counter(word for keywords in documents for word in set(words_of(keywords)))
    vocabulary = sorted(word for word, count in counts.items() if count >= min_df)
    if not vocabulary:
        raise UserError(
            f"none of {len(counts)} words is a keyword of {min_df} images or more"
            " (keywords.min_df); allowed: a smaller number"
        )
    return vocabulary


def write_vocabulary(path: Path, vocabulary: Sequence[str]) -> None:
    """Write a JSON list, in which the index of a word is its number.

    Raises:
        UserError: the file cannot be written.
    """
    with whole_file(path) as temporary:
        text = json.dumps(list(vocabulary), ensure_ascii=False, indent=0)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_vocabulary(path: Path) -> list[str]:
    """Read a file that `write_vocabulary` wrote.

    Raises:
        UserError: it holds no list of words.
    """
    words = parse_json(path.read_bytes(), path)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise UserError(f"{path}: expected a JSON list of words")
    return words


def keyword_records(images: Iterable[Keyworded], vocabulary: Sequence[str]) -> Iterator[Ints]:
    """Yield rows [image, word] (m, 2) in the order of images and words, with repetitions; words
    outside the vocabulary are skipped."""
    words_of = keyword_words()
    number = {word: i for i, word in enumerate(vocabulary)}
    rows = (
        (image, number[word])
        for image, keywords in images
        for word in words_of(keywords)
        if word in number
    )
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        yield np.array(part, dtype=np.int64)


def write_records(path: Path, records: Iterable[Ints]) -> None:
    """Write all rows (m, 2) to one .npy file, with one part in memory at a time.

    Raises:
        UserError: the file cannot be written.
    """
    with whole_file(path) as temporary, temporary.open("wb") as file:
        _write_header(file, 0)
        count = 0
        for part in records:
            file.write(np.ascontiguousarray(part).tobytes())
            count += len(part)
        file.seek(0)
        # NumPy pads the header so that the first axis can grow: this one has the same length.
        _write_header(file, count)


def _write_header(file: IO[bytes], rows: int) -> None:
    header: dict[str, Any] = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.int64)),
        "fortran_order": False,
        "shape": (rows, 2),
    }
    np.lib.format.write_array_header_1_0(file, header)


def _image_parts(path: Path) -> Iterator[Ints]:
    """The first column of the records in parts; a mapped file would stay in memory."""
    with path.open("rb") as file:
        file.seek(_HEADER_BYTES)
        while len(part := np.fromfile(file, np.int64, 2 * _ROWS_AT_ONCE)):
            yield part[::2]


def read_records(path: Path) -> Ints:
    """The rows [image, word] (m, 2), memory-mapped."""
    # An empty array cannot be mapped.
    mapped = path.stat().st_size > _HEADER_BYTES
    rows: Ints = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    return rows


def keyword_ranges(parts: Iterable[Ints], legacy_row0: bool = False) -> Ints:
    """Row i: the first and the last record of image i, inclusive; [-1, -1] without any.

    The table ends with the last image that has a record. If an image occurs in several places of
    the list, the last one counts.

    Args:
        parts: the first column of the records (m,), part by part.
        legacy_row0: give image 0 without records the row [0, -1], like the published script.
    """
    starts, images, count, previous = [], [], 0, _NONE
    for part in parts:
        changes = np.flatnonzero(np.diff(part, prepend=previous))
        starts.append(count + changes)
        images.append(part[changes])
        count, previous = count + len(part), part[-1]
    if not count:
        return np.empty((0, 2), np.int64)
    first, image = np.concatenate(starts), np.concatenate(images)
    ranges = np.full((int(image.max()) + 1, 2), _NONE, dtype=np.int64)
    if legacy_row0:
        ranges[0] = 0, _NONE
    ranges[image] = np.stack([first, np.append(first[1:], count) - 1], 1)
    return ranges


def write_keyword_arrays(
    folder: Path, images: Iterable[Keyworded], vocabulary: Sequence[str], legacy_row0: bool
) -> None:
    """Write records.npy and ranges.npy of a list of images, without holding either in memory.

    Raises:
        UserError: a file cannot be written.
    """
    write_records(folder / RECORDS, keyword_records(images, vocabulary))
    ranges = keyword_ranges(_image_parts(folder / RECORDS), legacy_row0)
    with whole_file(folder / RANGES) as temporary, temporary.open("wb") as file:
        np.save(file, ranges, allow_pickle=False)


def read_keywords_of(folder: Path, table: pd.DataFrame) -> list[Ints]:
    """The keywords of each image, as numbers in the vocabulary, from the arrays below a folder.

    table: columns list and number, a line per image; the number is -1 for an image in no list.
    """
    arrays = {
        name: (read_records(folder / name / RECORDS), np.load(folder / name / RANGES))
        for name in table["list"].unique()
    }
    keywords: list[Ints] = []
    for name, number in zip(table["list"], table["number"], strict=True):
        records, ranges = arrays[name]
        first, last = ranges[number] if 0 <= number < len(ranges) else (_NONE, _NONE)
        keywords.append(records[first : last + 1, 1] if first >= 0 else np.empty(0, np.int64))
    return keywords
