"""Splits a post's text into words, the same words for every embedding."""

import unicodedata
from collections.abc import Callable

import regex

from pipeline.tokenizers.glove_fixed import rewrite_fixed
from pipeline.tokenizers.glove_published import rewrite_as_published

RULES: dict[str, Callable[[str], str]] = {
    "glove_ruby": rewrite_as_published,
    "glove_fixed": rewrite_fixed,
    "plain": str.lower,
    "cased": str,
}

# Joiners, direction marks, variation selectors, keycap frames, skin tones. Without them a heart is
# one word however it was typed, and a family emoji is its members, which have word vectors.
_SHAPELESS = regex.compile(r"[\p{Cf}\uFE00-\uFE0F\u20E3\U0001F3FB-\U0001F3FF--\u200B]", regex.V1)
# The limit of Unicode's stream-safe text (UAX #15); sorting endless stacks of accents takes hours.
_STACKED_ACCENTS = regex.compile(r"(\p{M}{30})\p{M}++")
# Line ends stay as they are: the published rules take three spaces for an elongation.
_SEPARATOR = regex.compile(r"[[\p{Cc}\p{Cs}\u200B]--\s]", regex.V1)
# White space, and letters and signs that look like it.
_BLANK = regex.compile(r"[\s\u115F\u1160\u2800\u3164\uFFA0]*")
_WORD = regex.compile(
    r"""
      <(?:url|user|smile|lolface|sadface|neutralface|heart|number|hashtag|allcaps|repeat|elong)>
    | \p{Regional_Indicator}{2}
    | [nN]'[tT]\b | '(?:[sSmMdD]|[rRvV][eE]|[lL][lL])\b
    | \p{N}+(?:[.,:]\p{N}+)+
    | [\p{L}\p{M}\p{N}]+?(?=[nN]'[tT]\b)
    | [\p{L}\p{M}\p{N}]+
    | \S
    """,
    regex.VERBOSE,
)


def tokenize(text: str, rules: str) -> list[str]:
    """The words of `text`, lower-cased but by `cased`; none where all of it is blank.

    Punctuation marks and emoji are words of their own. Contractions are split as in the Penn
    Treebank (`do n't`, `it 's`), which is how the GloVe vectors know them.

    rules: a key of `RULES`; the two GloVe ones set tokens such as `<user>`, the others none.
    """
    text = unicodedata.normalize("NFC", _STACKED_ACCENTS.sub(r"\1", text))
    text = _SEPARATOR.sub(" ", _SHAPELESS.sub("", text))
    if _BLANK.fullmatch(text):  # the published rules find capitals in line breaks
        return []
    return [match[0] for match in _WORD.finditer(RULES[rules](text).replace("’", "'"))]
