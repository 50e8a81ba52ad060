"""Keywords of pictures as two arrays: which words each picture has, and where its rows are.

As in the preprocessing published with AMC: the keywords of a picture, joined by spaces, are a
document; its words are what scikit-learn's CountVectorizer finds in it with English stop words, so
that a keyword of several words is taken apart. In place of the pickled vectoriser, whose bytes
depend on the library's version, the vocabulary is a JSON list.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.errors import UserError
from pipeline.files import whole_file

Ints = npt.NDArray[np.int64]
# A picture's number and its keywords.
Keyworded = tuple[int, Sequence[str]]

# What the stage `keywords` writes beside the arrays of each list.
VOCABULARY, PICTURES, TAGGER = "vocab.json", "pictures.parquet", "tagger.safetensors"

_ROWS_AT_ONCE = 2**13
_HEADER_BYTES = 128  # what NumPy's own takes: a file of this size has no rows
_NONE = -1


def keyword_words() -> Callable[[Sequence[str]], list[str]]:
    """A function from a picture's keywords to their words: lower-cased, of two characters or more,
    no English stop words, in order, and as often as they occur."""
    analyze = CountVectorizer(stop_words="english").build_analyzer()
    return lambda keywords: analyze(" ".join(keywords))


def fit_vocabulary(documents: Iterable[Sequence[str]], min_df: int) -> list[str]:
    """The words that at least `min_df` of the keyword lists have, sorted.

    It is the vocabulary that CountVectorizer would fit, counted without holding the documents.

    Raises:
        UserError: no word is so frequent.
    """
    words_of = keyword_words()
    counts: Counter[str] = Counter()
    for keywords in documents:
        counts.update(set(words_of(keywords)))
    vocabulary = sorted(word for word, count in counts.items() if count >= min_df)
    if not vocabulary:
        raise UserError(
            f"none of {len(counts)} words is a keyword of {min_df} pictures or more"
            " (keywords.min_df); allowed: a smaller number"
        )
    return vocabulary


def write_vocabulary(path: Path, vocabulary: Sequence[str]) -> None:
    """A JSON list; a word's number is its place."""
    with whole_file(path) as temporary:
        text = json.dumps(list(vocabulary), ensure_ascii=False, indent=0)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_vocabulary(path: Path) -> list[str]:
    """What `write_vocabulary` wrote."""
    words: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return words


def keyword_records(pictures: Iterable[Keyworded], vocabulary: Sequence[str]) -> Iterator[Ints]:
    """Yield rows [picture, word] (m, 2): pictures as they come, words as they stand, repetitions
    kept, words outside the vocabulary left out."""
    words_of = keyword_words()
    number = {word: i for i, word in enumerate(vocabulary)}
    rows = (
        (picture, number[word])
        for picture, keywords in pictures
        for word in words_of(keywords)
        if word in number
    )
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        yield np.array(part, dtype=np.int64)


def write_records(path: Path, records: Iterable[Ints]) -> None:
    """Append all rows (m, 2) to one .npy file; no more than one part is in memory."""
    with whole_file(path) as temporary, temporary.open("wb") as file:
        _write_header(file, 0)
        count = 0
        for part in records:
            file.write(np.ascontiguousarray(part).tobytes())
            count += len(part)
        file.seek(0)
        # NumPy leaves room in the header for a first axis that grows, so this one is as long.
        _write_header(file, count)


def _write_header(file: IO[bytes], rows: int) -> None:
    header: dict[str, Any] = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.int64)),
        "fortran_order": False,
        "shape": (rows, 2),
    }
    np.lib.format.write_array_header_1_0(file, header)


def _picture_parts(path: Path) -> Iterator[Ints]:
    """The first column of the records, part by part; a mapped file would fill the memory."""
    with path.open("rb") as file:
        file.seek(_HEADER_BYTES)
        while len(part := np.fromfile(file, np.int64, 2 * _ROWS_AT_ONCE)):
            yield part[::2]


def read_records(path: Path) -> Ints:
    """The rows [picture, word] (m, 2), mapped from the file."""
    # Nothing cannot be mapped.
    mapped = path.stat().st_size > _HEADER_BYTES
    rows: Ints = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    return rows


def keyword_ranges(parts: Iterable[Ints], legacy_row0: bool = False) -> Ints:
    """Row i: where the records of picture i begin and end, both inclusive; [-1, -1] without any.

    The table ends with the greatest number that has a record. Of a picture whose records stand in
    several places, the last place counts.

    Args:
        parts: the first column of the records (m,), part by part.
        legacy_row0: like the published script, give picture 0 the row [0, -1] if it has no record.
    """
    starts, pictures, count, previous = [], [], 0, _NONE
    for part in parts:
        changes = np.flatnonzero(np.diff(part, prepend=previous))
        starts.append(count + changes)
        pictures.append(part[changes])
        count, previous = count + len(part), part[-1]
    if not count:
        return np.empty((0, 2), np.int64)
    first, found = np.concatenate(starts), np.concatenate(pictures)
    ranges = np.full((int(found.max()) + 1, 2), _NONE, dtype=np.int64)
    if legacy_row0:
        ranges[0] = 0, _NONE
    ranges[found] = np.stack([first, np.append(first[1:], count) - 1], 1)
    return ranges


def write_keyword_arrays(
    folder: Path, pictures: Iterable[Keyworded], vocabulary: Sequence[str], legacy_row0: bool
) -> None:
    """Write records.npy and ranges.npy of a list of pictures; memory holds neither the pictures
    nor the records."""
    write_records(folder / "records.npy", keyword_records(pictures, vocabulary))
    ranges = keyword_ranges(_picture_parts(folder / "records.npy"), legacy_row0)
    with whole_file(folder / "ranges.npy") as temporary, temporary.open("wb") as file:
        np.save(file, ranges, allow_pickle=False)
