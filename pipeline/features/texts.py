"""The texts of a corpus as words and keys, and the tokens of GloVe-Twitter."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError

Texts = Mapping[str, list[str]]

# Stands for a text without words, so that no text has length zero.
EMPTY_TEXT = ["<unk>"]
# GloVe-Twitter's tokens as words of any English vocabulary; `<unk>` stands for no word.
PLAIN_WORDS = {
    "<url>": "url",
    "<user>": "user",
    "<smile>": "smile",
    "<lolface>": "laugh",
    "<sadface>": "sad",
    "<neutralface>": "neutral",
    "<heart>": "heart",
    "<number>": "number",
    "<hashtag>": "hashtag",
    "<allcaps>": "capitals",
    "<repeat>": "repeated",
    "<elong>": "elongated",
}


def read_texts(table: Path) -> Texts:
    """The words of each distinct text by key, in the order of the table that `prepare` writes.

    Raises:
        UserError: the table is missing.
    """
    if not table.exists():
        raise UserError(f"{table} not found; run the stage prepare (dvc repro)")
    rows = pd.read_parquet(table, columns=["key", "words"])
    return {key: list(words) for key, words in zip(rows["key"], rows["words"], strict=True)}


def text_key(words: Sequence[str]) -> str:
    """The sha256 of a text's words, joined by spaces, in hex."""
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def plain_word(word: str) -> str:
    """A token's plain word; every other word as it is."""
    return PLAIN_WORDS.get(word, word)
