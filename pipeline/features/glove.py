"""The GloVe vector of every word, and how many words have one."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.features.markers import plain_word
from pipeline.features.store import create_store
from pipeline.features.texts import Texts
from pipeline.features.vector_files import WordVectors, read_word_vectors

Oov = Literal["mean", "zero"]

_MOST_FREQUENT = 20
# A word may be a page of characters without a space.
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Coverage:
    """How much of a corpus has a vector.

    types: distinct words. tokens: words of the distinct texts. without: the most frequent words
    that have none, each with its number of tokens. rows, rejected: lines of the source.
    """

    types: int
    types_known: int
    tokens: int
    tokens_known: int
    without: list[tuple[str, int]]
    rows: int
    rejected: int

    def __str__(self) -> str:
        lines = [
            f"{self.rows:,} vectors read, {self.rejected:,} lines rejected",
            f"distinct words with a vector: {_share(self.types_known, self.types)}",
            f"all words with a vector: {_share(self.tokens_known, self.tokens)}",
        ]
        if self.without:
            words = ", ".join(f"{word} ({count:,})" for word, count in self.without)
            lines.append(f"most frequent without: {words}")
        return "\n".join(lines)


def write_glove(path: Path, texts: Texts, source: str, oov: Oov) -> Coverage:
    """Look up every distinct word of the texts and write glove.h5.

    A word without a vector gets the mean of all the source's vectors, or zero. A marker that the
    source lacks, as every source but GloVe-Twitter does, is looked up as its plain word
    (`<user>` as "user").

    Args:
        texts: words by key. source: see `read_word_vectors`.

    Raises:
        UserError: the source cannot be read, or the file not be written.
    """
    counts = Counter(word for words in texts.values() for word in words)
    vocabulary = sorted(counts)
    read = read_word_vectors(source, counts.keys() | {plain_word(word) for word in vocabulary})
    vectors, known = _look_up(vocabulary, read, oov)
    coverage = _coverage(counts, {vocabulary[i] for i in np.flatnonzero(known)}, read)
    values = {"sha256": read.sha256, "oov": oov, "width": read.vectors.vector_size}
    fingerprint = json.dumps({"encoder": "glove", "values": values}, sort_keys=True)
    number = {word: i for i, word in enumerate(vocabulary)}
    word_ids = np.array([number[word] for words in texts.values() for word in words], np.int32)
    with create_store(path, list(texts), fingerprint) as file:
        file.create_dataset("vocabulary", data=vocabulary, dtype=h5py.string_dtype())
        file["vectors"], file["known"] = vectors, known
        file["word_ids"], file["offsets"] = word_ids, _offsets(texts.values())
        file.attrs["coverage"] = json.dumps(asdict(coverage), ensure_ascii=False)
    return coverage


def _look_up(
    vocabulary: Sequence[str], source: WordVectors, oov: Oov
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """(V, D) vectors, and (V,) which words have one of their own."""
    vectors: npt.NDArray[Any] = np.zeros((len(vocabulary), len(source.mean)), np.float32)
    if oov == "mean":
        vectors[:] = source.mean
    known = np.zeros(len(vocabulary), np.bool_)
    for i, word in enumerate(vocabulary):
        name = word if word in source.vectors else plain_word(word)
        if name in source.vectors:
            vectors[i], known[i] = source.vectors[name], True
    return vectors, known


def _coverage(counts: Counter[str], known: set[str], source: WordVectors) -> Coverage:
    # Equally frequent words in a fixed order, whatever text came first.
    without = sorted((-count, word) for word, count in counts.items() if word not in known)
    return Coverage(
        types=len(counts),
        types_known=len(known),
        tokens=counts.total(),
        tokens_known=sum(counts[word] for word in known),
        without=[(word[:_SHOWN_CHARACTERS], -count) for count, word in without[:_MOST_FREQUENT]],
        rows=source.rows,
        rejected=source.rejected,
    )


def _offsets(texts: Iterable[Sequence[str]]) -> npt.NDArray[np.int64]:
    return np.cumsum([0, *(len(words) for words in texts)], dtype=np.int64)


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / max(whole, 1):.1%})"
