"""A text's tokens as people spelled them."""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

import regex

_FACE = r"[8:=;]['`-]?[()dDpP/\\|l*]+|[()dD]+['`-]?[8:=;]"
# What the tokens of GloVe-Twitter stand for; those that only say how a word was written, nothing.
_MEANINGS = {
    "<url>": r"(?:https?://|www\.)\S+",
    "<user>": r"@\w+",
    "<hashtag>": r"\#",
    "<number>": r"[-+]?\.*\d(?:[\d.,:]*\d)?",
    "<heart>": r"(?:<|&lt;)3+",
    "<smile>": _FACE,
    "<lolface>": _FACE,
    "<sadface>": _FACE,
    "<neutralface>": _FACE,
}
_SILENT = {"<allcaps>", "<repeat>", "<elong>", "<unk>"}
_WORD = regex.compile(r"[\p{L}\p{N}]")


def spellings(text: str, words: Sequence[str]) -> list[str]:
    """The part of a text that each of its tokens comes from, empty for a token that has none.

    Together, they are the text without its white space. What the tokenizer drops or shortens stands
    with the token before it; where the limit of words cuts a text, the last part ends in an
    ellipsis.
    """
    text = unicodedata.normalize("NFC", text)
    spans = list(_spans(text, words))
    found = [place for place, span in enumerate(spans) if span]
    if not found:
        return [*words]
    starts = [spans[place][0] for place in found[1:]]
    # A token that is not found, such as a letter of a torn hashtag, comes from the rest.
    lost = not _SILENT.issuperset(words[found[-1] + 1 :])
    end, cut = (len(text), "") if lost else _end(text, spans[found[-1]][1])
    parts = [""] * len(words)
    for place, (start, stop) in zip(found, pairwise([0, *starts, end]), strict=True):
        parts[place] = text[start:stop].strip()
    parts[found[-1]] += cut
    return parts


def _spans(text: str, words: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Start and end of each token in the text, in order; empty where it is not found."""
    cursor = 0
    for word in words:
        match = None if word in _SILENT else _pattern(word).search(text, cursor)
        cursor = match.end() if match else cursor
        yield match.span() if match else ()


def _end(text: str, last: int) -> tuple[int, str]:
    """Where the last token's part ends, and an ellipsis if words follow it."""
    # The rest of an elongated word is the same letter again.
    last += len(text[last:]) - len(text[last:].lstrip(text[last - 1]))
    return (last, " …") if _WORD.search(text, last) else (len(text), "")


def _pattern(word: str) -> regex.Pattern[str]:
    meant = _MEANINGS.get(word) or regex.escape(word).replace("'", "['’]")
    return regex.compile(meant, regex.IGNORECASE)
