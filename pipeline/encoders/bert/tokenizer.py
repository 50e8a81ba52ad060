"""A model's own tokenizer: splits words into subwords (pieces), each with the index of its word."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoTokenizer

from pipeline.encoders.bert.subword_pooling import Integers
from pipeline.encoders.transformers.loading import load_part
from pipeline.features.texts import PLAIN_WORDS

# How tweets were normalised in BERTweet's training (Nguyen et al. 2020, section 2).
_TWEET_TOKENS = {"<user>": "@USER", "<url>": "HTTPURL"}


class _ModelTokenizer:
    """What both kinds of tokenizers have in common.

    before, after: the special pieces around a text. limit: the most pieces of a text, special ones
    included. unknown: the unknown piece, as a word. glove_tokens: what each GloVe token is read as.
    settings: what else than the tokenizer's files changes pieces, JSON-able.
    """

    before: Integers
    after: Integers

    def __init__(self, tokenizer: Any) -> None:
        self.limit: int = tokenizer.model_max_length
        self.unknown: str = tokenizer.unk_token or ""
        known = tokenizer.get_vocab()
        tweets = {token: piece for token, piece in _TWEET_TOKENS.items() if piece in known}
        self.glove_tokens = PLAIN_WORDS | tweets
        self.settings: dict[str, Any] = {}


class FastTokenizer(_ModelTokenizer):
    """A tokenizer of the `tokenizers` library, which knows the word of each piece."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer)
        self._backend = tokenizer.backend_tokenizer
        # A tokenizer file's own truncation and padding are for other uses.
        self._backend.no_truncation()
        self._backend.no_padding()
        probe = self._backend.encode(["a"], is_pretokenized=True)
        inner = np.flatnonzero(np.array(probe.special_tokens_mask) == 0)
        ids = np.array(probe.ids, dtype=np.int64)
        self.before, self.after = ids[: inner[0]], ids[inner[-1] + 1 :]

    def split(self, words: Sequence[str]) -> tuple[Integers, Integers]:
        """Piece ids (P,), and the index of each piece's word (P,), ascending."""
        encoded = self._backend.encode(words, is_pretokenized=True, add_special_tokens=False)
        return np.array(encoded.ids, dtype=np.int64), np.array(encoded.word_ids, dtype=np.int64)


class SlowTokenizer(_ModelTokenizer):
    """A tokenizer written in Python, such as BERTweet's, which is given one word at a time."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer)
        self._tokenizer = tokenizer
        # BERTweet's replaces emoji by words where this package is installed.
        self.settings = {"tokenizer": type(tokenizer).__name__, "emoji": _installed("emoji")}
        whole, inner = tokenizer("a")["input_ids"], self._ids("a")
        start = next(i for i in range(len(whole)) if whole[i : i + len(inner)] == inner)
        self.before = np.array(whole[:start], dtype=np.int64)
        self.after = np.array(whole[start + len(inner) :], dtype=np.int64)

    def split(self, words: Sequence[str]) -> tuple[Integers, Integers]:
        """As `FastTokenizer.split`."""
        pieces = [self._ids(word) for word in words]
        lengths = [len(ids) for ids in pieces]
        flat = np.array(list(chain.from_iterable(pieces)), dtype=np.int64)
        return flat, np.repeat(np.arange(len(words)), lengths)

    def _ids(self, word: str) -> list[int]:
        ids: list[int] = self._tokenizer.convert_tokens_to_ids(self._tokenizer.tokenize(word))
        return ids


def load_tokenizer(folder: Path) -> FastTokenizer | SlowTokenizer:
    """The tokenizer of a model's folder.

    Raises:
        UserError: the folder has none that can be loaded.
    """
    # The prefix makes byte-level tokenizers treat each word as one within a sentence.
    tokenizer = load_part(AutoTokenizer, folder, "a tokenizer", add_prefix_space=True)
    return FastTokenizer(tokenizer) if tokenizer.is_fast else SlowTokenizer(tokenizer)


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
