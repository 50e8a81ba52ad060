"""GloVe-Twitter's markers in words that any English vocabulary knows."""

# What each marker stands for. `<unk>`, the word of an empty text, is left out: it stands for none.
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


def plain_word(word: str) -> str:
    """A marker's plain word; every other word as it is."""
    return PLAIN_WORDS.get(word, word)
