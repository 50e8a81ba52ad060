"""The noise of tweets: retweets, mentions, links, emoticons, emoji and typos."""

import re
import string
from random import Random

_USERS = ("anna_b", "tom1987", "mike", "its_lisa", "dailypics", "sam_92", "MrJones", "ella")
_SIGNS: dict[str, tuple[str, ...]] = {
    "cheerful": (":)", ":D", "<3", "xD", "😂", "😍", "🎉", "❤️", "🙌"),
    "calm": (":)", ";)", ":-)", "😌", "🙏", "💫", "☺️"),
    "gloomy": (":(", ":/", ":'(", "😢", "😩", "😒", "💔"),
}


def beginning(rng: Random) -> list[str]:
    """Nothing, a retweet's prefix, or one or two mentioned users."""
    draw = rng.random()
    if draw < 0.1:
        return ["RT", f"@{rng.choice(_USERS)}:"]
    if draw < 0.24:
        return [f"@{user}" for user in rng.sample(_USERS, rng.choice((1, 1, 2)))]
    return []


def ending(rng: Random, mood: str) -> list[str]:
    """Nothing, punctuation, or one to three emoticons or emoji of the mood."""
    signs = [rng.choice(("!", "!!", "..."))] if rng.random() < 0.2 else []
    if rng.random() < 0.4:
        signs += [rng.choice(_SIGNS[mood])] * rng.choice((1, 1, 1, 2, 3))
    return signs


def link(rng: Random) -> str:
    """Nothing, or a shortened link."""
    if rng.random() < 0.75:
        return ""
    return "https://t.co/" + "".join(rng.choices(string.ascii_letters + string.digits, k=10))


def misspell(rng: Random, text: str) -> str:
    """The text, sometimes with a lengthened word or two letters swapped."""
    draw = rng.random()
    if draw < 0.08:
        return re.sub(r"([aeouy])\b", lambda match: match[1] * rng.choice((3, 4, 6)), text, count=1)
    long_words = re.findall(r"\b[a-z]{5,}\b", text)
    if draw > 0.92 and long_words:
        word = rng.choice(long_words)
        spot = rng.randrange(1, len(word) - 2)
        swapped = word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :]
        return text.replace(word, swapped, 1)
    return text
