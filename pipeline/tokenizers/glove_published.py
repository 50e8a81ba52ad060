"""The preprocessing of the tweets that GloVe-Twitter was trained on, quirks included.

Source of the rules and of their order: the script preprocess-twitter.rb that is published with the
vectors (R. Paulus, J. Pennington, nlp.stanford.edu/projects/glove). Every pattern here looks at a
character a bounded number of times, however long the text: a look-behind keeps a failed run of
dots, brackets or letters from being tried again from each of its characters.
"""

import re

_EYES = "[8:=;]"
_NOSE = "['`-]?"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https?://\S+\b|www\.(?:[A-Za-z0-9_]+\.)+\S*"), "<URL>"),
    (re.compile("/"), " / "),
    (re.compile("@[A-Za-z0-9_]+"), "<USER>"),
    (re.compile(rf"{_EYES}{_NOSE}[)dD]+|(?<![)dD])[)dD]+{_NOSE}{_EYES}"), "<SMILE>"),
    (re.compile(rf"{_EYES}{_NOSE}[pP]+"), "<LOLFACE>"),
    (re.compile(rf"{_EYES}{_NOSE}\(+|(?<!\))\)+{_NOSE}{_EYES}"), "<SADFACE>"),
    (re.compile(rf"{_EYES}{_NOSE}[/|l*]"), "<NEUTRALFACE>"),
    (re.compile("<3"), "<HEART>"),
    (re.compile(r"(?:[-+]|(?<!\.))\.*+[0-9][:,.0-9]*"), "<NUMBER>"),
)
_HASHTAG = re.compile(r"#(\S+)")
_INNER_CAPITAL = re.compile("(?!^)(?=[A-Z])")
_REPEATED = re.compile("[!?.]+([!?.])")
_TRIPLED = re.compile(r"(.)\1{2,}+")
_SHOUTED = re.compile(" [^a-z0-9()<>'`-]{2,} ")


def rewrite_as_published(text: str) -> str:
    """The thirteen rules in their order, lower-cased, with their side effects.

    `:/` is split before it could become a face; `Good:` ends in a smile and `8pm` begins with
    a laugh; digits inside words are numbers; a token inside a hashtag counts as capitals, so that
    `#2016` becomes `<hashtag> <number> <allcaps>` and `#top10` is torn to letters; words in
    capitals are marked only between two spaces, several as one, and whatever is no small letter
    counts as a capital there, emoji and other scripts too.

    Copies of the script differ in that last rule. Without its two spaces it would tear up every
    token that the rules before it have set, so the vectors cannot have been trained on that.
    """
    for pattern, token in _RULES:
        text = pattern.sub(token, text)
    text = _HASHTAG.sub(_split_hashtag, text)
    text = _REPEATED.sub(r"\1 <REPEAT>", text)
    text = _TRIPLED.sub(_shorten, text)
    text = _SHOUTED.sub(r"\g<0> <ALLCAPS>", text)
    return text.lower()


def _split_hashtag(match: re.Match[str]) -> str:
    body = match[1]
    if body == body.upper():
        return f"<HASHTAG> {body} <ALLCAPS>"
    return " ".join(["<HASHTAG>", *_INNER_CAPITAL.split(body)])


def _shorten(match: re.Match[str]) -> str:
    # The published pattern, \b(\S*?)(.)\2{2,}\b, is quadratic. This finds every run that it can end
    # with, then checks its conditions around the run.
    text, start, end = match.string, match.start(), match.end()
    if _is_word_char(text, start):
        elongated = not _is_word_char(text, end)
    else:
        elongated = _is_word_char(text, end) and _follows_word(text, start)
    return f"{match[1]} <ELONG>" if elongated else match[0]


def _is_word_char(text: str, position: int) -> bool:
    char = text[position : position + 1]
    return char.isalnum() or char == "_"


def _follows_word(text: str, position: int) -> bool:
    """Whether a word ends before `position` with no white space in between."""
    while position and not text[position - 1].isspace():
        position -= 1
        if _is_word_char(text, position):
            return True
    return False
