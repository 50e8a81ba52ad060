"""Which words of a text name something visible in an image."""

import re
from functools import cache

from pipeline.sample.themes import THEMES
from pipeline.sample.wording import load_wording


@cache
def _names_of(object_type: str) -> frozenset[str]:
    wordings = (load_wording("train"), load_wording("test"))
    return frozenset(
        name for wording in wordings for pair in wording.names[object_type] for name in pair
    )


def visible_words(theme: str, object_types: tuple[str, ...]) -> frozenset[str]:
    """Every word, of any split, that names something visible in such an image."""
    return THEMES[theme].words.union(*(_names_of(object_type) for object_type in object_types))


def words_of(text: str) -> frozenset[str]:
    """The lower-cased words of a text, those within hashtags included."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return frozenset(re.findall(r"[a-z']+", spaced.lower()))
