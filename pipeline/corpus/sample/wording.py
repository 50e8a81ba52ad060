"""The words that sample texts are made of, one set for train and dev, another for test."""

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from pipeline.corpus.sample.themes import THEMES

_HERE = Path(__file__).parent


class Wording(BaseModel):
    """One set of phrases and names; see wording_train.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    naming: tuple[str, ...]  # templates with one {thing}
    openers: dict[str, tuple[str, ...]]  # by mood
    numbers: tuple[str, ...]
    tags: tuple[str, ...]
    names: dict[str, tuple[tuple[str, str], ...]]  # by kind: (singular, plural)
    places: dict[str, tuple[str, ...]]  # by theme
    feelings: dict[str, tuple[str, ...]]  # by theme
    theme_tags: dict[str, tuple[str, ...]]  # by theme


@cache
def load_wording(split: str) -> Wording:
    """The wording of a split (train, dev or test)."""
    path = _HERE / ("wording_test.yaml" if split == "test" else "wording_train.yaml")
    return Wording.model_validate(YAML(typ="safe", pure=True).load(path.read_text("utf-8")))


@cache
def _names_of(kind: str) -> frozenset[str]:
    wordings = (load_wording("train"), load_wording("test"))
    return frozenset(name for wording in wordings for pair in wording.names[kind] for name in pair)


def seen_words(theme: str, kinds: tuple[str, ...]) -> frozenset[str]:
    """Every word that would name something to be seen in such a picture, in any split's wording."""
    return THEMES[theme].words.union(*(_names_of(kind) for kind in kinds))


def words_of(text: str) -> frozenset[str]:
    """The lower-cased words of a text, those within hashtags included."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return frozenset(re.findall(r"[a-z']+", spaced.lower()))
