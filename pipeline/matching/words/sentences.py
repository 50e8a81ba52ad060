"""Splits captions into sentences, without the trained model that NLTK would have to download."""

import re

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


def split_sentences(text: str) -> list[str]:
    """The sentences of a lower-cased text, as far as a period ends them."""
    sentences, start = [], 0
    for found in _SENTENCE_END.finditer(text):
        word = found[1].lstrip("\"'([{<")
        if word and word not in _ABBREVIATIONS and (len(word) > 1 and not word.isdigit()):
            sentences.append(text[start : found.end()])
            start = found.end()
    return [*sentences, text[start:]]
