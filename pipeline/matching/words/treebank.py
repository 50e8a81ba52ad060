"""Splits captions as NLTK's word tokenizer does, with which published vocabularies were made.

The rules are those of the Penn Treebank: marks and brackets are words, but for periods inside of a
sentence and what stands between digits; contractions and possessives are split. Each rule puts
spaces into what the ones before it have left, so their order matters.
"""

import re
from collections.abc import Iterable

# A period after one of these, a single letter or a number ends no sentence.
_ABBREVIATIONS = frozenset(
    [
        "adm",
        "ave",
        "capt",
        "co",
        "col",
        "corp",
        "dr",
        "etc",
        "ft",
        "gen",
        "gov",
        "inc",
        "jr",
        "lt",
        "ltd",
        "maj",
        "mr",
        "mrs",
        "ms",
        "mt",
        "prof",
        "rev",
        "sen",
        "sgt",
        "sr",
        "st",
        "vs",
        "a.m",
        "p.m",
        "d.c",
        "n.j",
        "n.y",
        "u.k",
        "u.n",
        "u.s",
    ]
)
_SENTENCE_END = re.compile(r"(?<!\S)(\S*)\.(?=\s)")

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), spaced)
    for pattern, spaced in (
        # Opening quotation marks.
        (r"([«“‘„]|`+)", r" \1 "),
        (r'\A"', "``"),
        ("(``)", r" \1 "),
        (r"""([ (\[{<])(?:"|'')""", r"\1 `` "),
        # An apostrophe before a word, unless they are a contraction such as 's.
        (r"(?<!\w)'(?!(?:re|ve|ll|[mtsdn])\b)(?=\w)", "' "),
        # Punctuation; the last period may have closing brackets and quotation marks behind it.
        (r"""([^.])(\.)([\])}>"'»”’ ]*)\s*\Z""", r"\1 \2 \3 "),
        (r"([:,])(\D)", r" \1 \2"),
        (r"([:,])\Z", r" \1 "),
        (r"(\.{2,}|[;@#$%&?!\u2012-\u2015])", r" \1 "),
        (r"([^'])' ", r"\1 ' "),
        (r"(\*)", r" \1 "),
        (r"([\]\[(){}<>])", r" \1 "),
        ("--", " -- "),
    )
)
# On text with a space at either end.
_ENDINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), spaced)
    for pattern, spaced in (
        ("([»”’])", r" \1 "),
        ("''|\"", " '' "),
        (r"\s+", " "),
        (r"([^' ])('[smd]|')(?= )", r"\1 \2"),
        (r"([^' ])('ll|'re|'ve|n't)(?= )", r"\1 \2"),
        # cannot, d'ye, gimme, gonna, gotta, lemme, more'n, wanna
        (
            r"\b(can(?=not)|d(?='ye)|gim(?=me)|gon(?=na)|got(?=ta)|lem(?=me)|more(?='n)|wan(?=na\s))"
            r"(not|'ye|me|na|ta|'n)\b",
            r" \1 \2 ",
        ),
        (r" ('t)(is|was)\b", r" \1 \2 "),
    )
)


def split_as_published(text: str) -> list[str]:
    """The lower-cased words of a caption.

    As NLTK finds them in each sentence. It finds sentences by a model that knows more abbreviations
    than this does.
    """
    return [word for sentence in _sentences(text.lower()) for word in split_sentence(sentence)]


def split_sentence(sentence: str) -> list[str]:
    """The words of a lower-cased sentence."""
    return _replace(f" {_replace(sentence, _RULES)} ", _ENDINGS).split()


def _replace(text: str, rules: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, spaced in rules:
        text = pattern.sub(spaced, text)
    return text


def _sentences(text: str) -> list[str]:
    sentences, start = [], 0
    for found in _SENTENCE_END.finditer(text):
        word = found[1].lstrip("\"'([{<")
        if word and word not in _ABBREVIATIONS and (len(word) > 1 and not word.isdigit()):
            sentences.append(text[start : found.end()])
            start = found.end()
    return [*sentences, text[start:]]
