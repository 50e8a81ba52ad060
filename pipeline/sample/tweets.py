"""Tweets that name objects of a scene, or only share its theme and mood."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from pipeline.sample import noise
from pipeline.sample.scenes import Scene
from pipeline.sample.wording import Wording

_DETERMINERS = ("a", "a", "the", "this", "my", "that", "our")


@dataclass(frozen=True)
class Word:
    """A word with its punctuation, and the object type that it names, if any."""

    text: str
    object_type: str | None = None


@dataclass(frozen=True)
class Mention:
    """A word that names an object type: text[start:end]."""

    word: str
    start: int
    end: int
    object_type: str


@dataclass(frozen=True)
class Tweet:
    """A text, and its words that name objects."""

    text: str
    mentions: tuple[Mention, ...]


def naming_tweet(rng: Random, wording: Wording, scene: Scene, *, place: bool) -> Tweet:
    """A tweet that names objects of the scene; with `place`, sometimes also where they are."""
    types = rng.sample(scene.object_types, min(len(scene.object_types), rng.choice((1, 2))))
    words = _opener(rng, wording, scene.mood)
    before, after = rng.choice(wording.naming).split("{thing}")
    things = _things(rng, wording, scene, types)
    words += _split(noise.misspell(rng, before)) + things + _split(noise.misspell(rng, after))
    if place and rng.random() < 0.2:
        words += _split(rng.choice(wording.places[scene.theme]))
    if rng.random() < 0.6:
        words += _split(_break(rng) + " " + rng.choice(wording.feelings[scene.theme]))
    tags: list[Word] = []
    if rng.random() < 0.25:
        object_type = rng.choice(types)
        tags.append(Word("#" + rng.choice(wording.names[object_type])[0], object_type))
    return _decorate(rng, wording, scene, words, tags)


def feeling_tweet(rng: Random, wording: Wording, scene: Scene) -> Tweet:
    """A tweet of the scene's theme and mood that names no object."""
    feelings = rng.sample(wording.feelings[scene.theme], rng.choice((1, 2)))
    words = _opener(rng, wording, scene.mood)
    for number, feeling in enumerate(feelings):
        words += _split(f"{_break(rng)} {feeling}" if number else feeling)
    return _decorate(rng, wording, scene, words, [])


def _opener(rng: Random, wording: Wording, mood: str) -> list[Word]:
    if rng.random() < 0.65:
        return []
    opener = noise.misspell(rng, rng.choice(wording.openers[mood]))
    return _split(opener + rng.choice(("", ",", ",", "!", "...")))


def _things(rng: Random, wording: Wording, scene: Scene, types: list[str]) -> list[Word]:
    """All objects of these types, e.g. "a red umbrella and two boats"."""
    counts = Counter(item.object_type for item in scene.objects)
    words: list[Word] = []
    for object_type in types:
        if words:
            words.append(Word("and"))
        singular, plural = rng.choice(wording.names[object_type])
        if counts[object_type] > 1:
            words += [Word(rng.choice(("two", "the", "these"))), Word(plural, object_type)]
            continue
        phrase = [rng.choice(_DETERMINERS)]
        if rng.random() < 0.35:
            phrase += [item.color for item in scene.objects if item.object_type == object_type]
        if phrase[0] == "a" and [*phrase[1:], singular][0][0] in "aeiou":
            phrase[0] = "an"
        words += [*(Word(word) for word in phrase), Word(singular, object_type)]
    return words


def _decorate(
    rng: Random, wording: Wording, scene: Scene, words: list[Word], tags: list[Word]
) -> Tweet:
    """The whole tweet: the words with users, emoticons, hashtags and a link around them."""
    moods = [tag for tag in wording.theme_tags[scene.theme] if rng.random() < 0.2]
    moods += [tag for tag in wording.tags if rng.random() < 0.06]
    tags = [*tags, *(Word(f"#{tag}") for tag in moods)]
    rng.shuffle(tags)
    number = [rng.choice(wording.numbers)] if rng.random() < 0.1 else []
    return _join(
        [
            *_split(" ".join(noise.beginning(rng))),
            *_capitalise(rng, words),
            *_split(" ".join([*number, *noise.ending(rng, scene.mood)])),
            *tags,
            *_split(noise.link(rng)),
        ]
    )


def _capitalise(rng: Random, words: list[Word]) -> list[Word]:
    style = rng.random()
    if style < 0.06:
        return [Word(word.text.upper(), word.object_type) for word in words]
    if style < 0.4:
        first = words[0]
        return [Word(first.text[:1].upper() + first.text[1:], first.object_type), *words[1:]]
    return words


def _break(rng: Random) -> str:
    return rng.choice((",", ".", "!", "...", "-", "&", "!!"))


def _split(text: str) -> list[Word]:
    return [Word(word) for word in text.split()]


def _join(words: Iterable[Word]) -> Tweet:
    """Join with spaces, except before punctuation, and record where objects are named."""
    text = ""
    mentions: list[Mention] = []
    for word in words:
        glued = not text or re.fullmatch(r"[,.!?:]+", word.text)
        text += word.text if glued else " " + word.text
        if word.object_type is not None:
            name = word.text.removeprefix("#")
            start = len(text) - len(name)
            mentions.append(Mention(name.lower(), start, len(text), word.object_type))
    return Tweet(text, tuple(mentions))
