"""The GloVe-Twitter tokens, without the quirks of the published rules."""

import html

import regex

_LEFT, _RIGHT = r"(?<!\w)", r"(?!\w)"
_FACE = "(?:[:=;]['`-]?|8['`-])"
_ECAF = "['`-]?[:=;]"

# `Friend:`, `8pm`, `covid19` and `a@b.org` stay words: a token replaces whole words only.
_RULES: tuple[tuple[regex.Pattern[str], str], ...] = tuple(
    (regex.compile(pattern), token)
    for pattern, token in (
        (r"(?i)(?<!\w)(?:https?://|www\.)\S*[^\s.,;:!?()\[\]'\"…]", "<url>"),
        (r"(?<!\w)@[A-Za-z0-9_]+", "<user>"),
        (rf"{_LEFT}(?:{_FACE}[)D]+|(?<!\()\(+{_ECAF}){_RIGHT}", "<smile>"),
        (rf"{_LEFT}{_FACE}[pP]+{_RIGHT}", "<lolface>"),
        (rf"{_LEFT}(?:{_FACE}\(+|(?<!\))\)+{_ECAF}){_RIGHT}", "<sadface>"),
        (rf"{_LEFT}{_FACE}[/\\|l*]{_RIGHT}", "<neutralface>"),
        (r"<3+(?!\d)", "<heart>"),
    )
)
_HASHTAG = regex.compile(r"(?<!\w)#(\w+)")
_HASHTAG_PARTS = regex.compile(r"\p{Lu}+(?!\p{Ll})|\p{Lu}?[^\W\d_\p{Lu}]+|\d+")
# The second look-behind keeps `1.1.1a` from being tried again at each of its digits.
_NUMBER = regex.compile(r"(?<!\w)(?<!\d[.,:])[-+]?\d++(?:[.,:]\d++)*+(?!\w)")
_REPEATED = regex.compile("[!?.]+([!?.])")
_TRIPLED = regex.compile(r"(\p{L})\1{2,}+")
_SHOUTED = regex.compile(r"(?<!\w)\p{Lu}{2,}+(?!\w)")


def rewrite_fixed(text: str) -> str:
    """Sets tokens for links, users, faces, hearts, hashtags, numbers, repeats and capitals.

    HTML entities are decoded first, so that `&lt;3` is a heart. A hashtag is split at its capitals
    and digits; every word of two or more letters, all capitals, gets its own `<allcaps>`.
    """
    text = html.unescape(text)
    for pattern, token in _RULES:
        text = pattern.sub(f" {token} ", text)
    text = _HASHTAG.sub(_split_hashtag, text)
    text = _NUMBER.sub(" <number> ", text)
    text = _REPEATED.sub(r" \1 <repeat> ", text)
    text = _TRIPLED.sub(_shorten, text)
    text = _SHOUTED.sub(r"\g<0> <allcaps>", text)
    return text.lower()


def _split_hashtag(match: regex.Match[str]) -> str:
    return " ".join([" <hashtag>", *_HASHTAG_PARTS.findall(match[1]), ""])


def _shorten(match: regex.Match[str]) -> str:
    following = match.string[match.end() : match.end() + 1]
    return match[0] if following.isalnum() else f"{match[1]} <elong> "
