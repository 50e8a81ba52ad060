"""GloVe vectors of the words of texts or of a vocabulary, and the coverage they reach."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.encoders.glove.text_vectors import PretrainedVectors
from pipeline.encoders.glove.vector_files import read_word_vectors
from pipeline.features.store import GloveFeatures, create_store, key_array
from pipeline.features.texts import Texts, plain_word
from pipeline.files import whole_file

Oov = Literal["mean", "zero"]

# Of this module and the readers of vector files; see `Encoder.revision`.
REVISION = 1

_MOST_FREQUENT = 20
# A "word" can be a page of characters without a space.
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


def embed_glove(path: Path, texts: Texts, source: str, oov: Oov) -> tuple[GloveFeatures, Coverage]:
    """Look up every distinct word of the texts.

    A word without a vector gets the mean of all the source's vectors, or zero. A GloVe token that
    the source lacks, as every source but GloVe-Twitter does, is looked up as its plain word
    (`<user>` as "user"), any other word in lower case.

    path: what messages call the result. source: see `read_word_vectors`.

    Raises:
        UserError: the source cannot be read.
    """
    counts = Counter(word for words in texts.values() for word in words)
    vocabulary = sorted(counts)
    read = read_word_vectors(source, {name for word in vocabulary for name in _names(word)})
    vectors, known = _look_up(vocabulary, read, oov)
    ids, offsets = _word_ids(texts, vocabulary)
    features = GloveFeatures(
        path,
        key_array(list(texts)),
        _fingerprint(read, oov),
        vocabulary,
        vectors,
        known,
        ids,
        offsets,
    )
    return features, _coverage(counts, {vocabulary[i] for i in np.flatnonzero(known)}, read)


def _word_ids(
    texts: Texts, vocabulary: list[str]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    number = {word: i for i, word in enumerate(vocabulary)}
    ids = np.array([number[word] for words in texts.values() for word in words], np.int32)
    return ids, np.cumsum([0, *map(len, texts.values())], dtype=np.int64)


def write_glove(path: Path, texts: Texts, source: str, oov: Oov) -> Coverage:
    """Write the result of `embed_glove` as glove.h5.

    Raises:
        UserError: the source cannot be read, or the file not be written.
    """
    found, coverage = embed_glove(path, texts, source, oov)
    fingerprint = json.dumps(found.fingerprint, sort_keys=True)
    with create_store(path, list(texts), fingerprint) as file:
        file.create_dataset("vocabulary", data=found.vocabulary, dtype=h5py.string_dtype())
        file["vectors"], file["known"] = found.vectors, found.known
        file["word_ids"], file["offsets"] = found.word_ids, found.offsets
        file.attrs["coverage"] = json.dumps(asdict(coverage), ensure_ascii=False)
    return coverage


def write_vocabulary_vectors(path: Path, words: Sequence[str], source: str) -> int:
    """Write a vector per word as .npy, (V, D) float32; returns how many words the source has.

    A word without a vector gets the mean of all the source's vectors.

    source: see `read_word_vectors`.

    Raises:
        UserError: the source cannot be read, or the file not be written.
    """
    read = read_word_vectors(source, set(words))
    vectors = [read.vectors.get(word, read.mean) for word in words]
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.stack(vectors), allow_pickle=False)
    return sum(word in read.vectors for word in words)


def _fingerprint(source: PretrainedVectors, oov: Oov) -> dict[str, Any]:
    revision = {"revision": REVISION} if REVISION > 1 else {}
    values = {"sha256": source.sha256, "oov": oov, "width": len(source.mean)}
    return {"encoder": "glove", **revision, "values": values}


def _look_up(
    vocabulary: Sequence[str], source: PretrainedVectors, oov: Oov
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """(V, D) vectors, and (V,) which words have one of their own."""
    vectors: npt.NDArray[Any] = np.zeros((len(vocabulary), len(source.mean)), np.float32)
    if oov == "mean":
        vectors[:] = source.mean
    known = np.zeros(len(vocabulary), np.bool_)
    for i, word in enumerate(vocabulary):
        found = [source.vectors[name] for name in _names(word) if name in source.vectors]
        if found:
            vectors[i], known[i] = found[0], True
    return vectors, known


def _names(word: str) -> tuple[str, ...]:
    """What a word is looked up as; the first that the source has counts."""
    return word, plain_word(word), word.lower()


def _coverage(counts: Counter[str], known: set[str], source: PretrainedVectors) -> Coverage:
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


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / max(whole, 1):.1%})"
