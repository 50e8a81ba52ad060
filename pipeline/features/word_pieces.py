"""A model's own tokenizer, as what the encoder of words needs: pieces, and the word of each."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from transformers import AutoTokenizer

from pipeline.errors import UserError
from pipeline.features.markers import PLAIN_WORDS
from pipeline.features.pieces import Integers

# What tweets were normalised to before BERTweet saw them (Nguyen et al. 2020, section 2).
_TWEET_MARKERS = {"<user>": "@USER", "<url>": "HTTPURL"}


class WordPieces(Protocol):
    """Splits words into pieces that know their word.

    before, after: the pieces that the model wants around a text. limit: how many pieces, these
    among them, the tokenizer says the model takes. unknown: the unknown piece, as a word.
    markers: what GloVe's markers are read as. settings: what changes pieces beside the
    tokenizer's files, JSON-able.
    """

    before: Integers
    after: Integers
    limit: int
    unknown: str
    markers: dict[str, str]
    settings: dict[str, Any]

    def split(self, words: Sequence[str]) -> tuple[Integers, Integers]:
        """Piece ids (P,), and for each the number of its word (P,), ascending."""


class FastPieces:
    """A tokenizer of the `tokenizers` library, which tells words itself."""

    def __init__(self, tokenizer: Any) -> None:
        self._backend = tokenizer.backend_tokenizer
        # What a tokenizer file says of cutting and padding is about other uses.
        self._backend.no_truncation()
        self._backend.no_padding()
        self.limit = tokenizer.model_max_length
        self.unknown = tokenizer.unk_token or ""
        self.markers = _markers(tokenizer)
        self.settings: dict[str, Any] = {}
        probe = self._backend.encode(["a"], is_pretokenized=True)
        inner = np.flatnonzero(np.array(probe.special_tokens_mask) == 0)
        ids = np.array(probe.ids, dtype=np.int64)
        self.before, self.after = ids[: inner[0]], ids[inner[-1] + 1 :]

    def split(self, words: Sequence[str]) -> tuple[Integers, Integers]:
        found = self._backend.encode(words, is_pretokenized=True, add_special_tokens=False)
        return np.array(found.ids, dtype=np.int64), np.array(found.word_ids, dtype=np.int64)


class SlowPieces:
    """A tokenizer written in Python, such as BERTweet's: it is given one word at a time."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.limit = tokenizer.model_max_length
        self.unknown = tokenizer.unk_token or ""
        self.markers = _markers(tokenizer)
        # BERTweet's puts emoji into words where this package is installed.
        self.settings = {"tokenizer": type(tokenizer).__name__, "emoji": _installed("emoji")}
        whole, inner = tokenizer("a")["input_ids"], self._ids("a")
        start = next(i for i in range(len(whole)) if whole[i : i + len(inner)] == inner)
        self.before = np.array(whole[:start], dtype=np.int64)
        self.after = np.array(whole[start + len(inner) :], dtype=np.int64)

    def split(self, words: Sequence[str]) -> tuple[Integers, Integers]:
        pieces = [self._ids(word) for word in words]
        ids = np.array([piece for own in pieces for piece in own], dtype=np.int64)
        return ids, np.repeat(np.arange(len(words)), [len(own) for own in pieces])

    def _ids(self, word: str) -> list[int]:
        ids: list[int] = self._tokenizer.convert_tokens_to_ids(self._tokenizer.tokenize(word))
        return ids


def load_word_pieces(folder: Path) -> WordPieces:
    """The tokenizer of a model's folder.

    Raises:
        UserError: the folder holds none that can be loaded.
    """
    try:
        # The prefix makes byte-level tokenizers treat each word as one amid a sentence.
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, add_prefix_space=True
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise UserError(f"{folder} cannot be loaded as a tokenizer: {error}") from None
    return FastPieces(tokenizer) if tokenizer.is_fast else SlowPieces(tokenizer)


def _markers(tokenizer: Any) -> dict[str, str]:
    known = tokenizer.get_vocab()
    own = {marker: piece for marker, piece in _TWEET_MARKERS.items() if piece in known}
    return PLAIN_WORDS | own


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
