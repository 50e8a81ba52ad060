"""Sample texts: tweets that name things, and tweets that only share a theme."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from pipeline.corpus.sample import noise
from pipeline.corpus.sample.scenes import Scene
from pipeline.corpus.sample.wording import Wording

_DETERMINERS = ("a", "a", "the", "this", "my", "that", "our")


@dataclass(frozen=True)
class Piece:
    """Characters between two spaces; `kind` is the kind of object they name, if they do."""

    text: str
    kind: str | None = None


@dataclass(frozen=True)
class Mention:
    """A word that names a kind of object: text[start:end]."""

    word: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Tweet:
    """A text, and the words in it that name objects."""

    text: str
    mentions: tuple[Mention, ...]


def naming_tweet(rng: Random, wording: Wording, scene: Scene, *, place: bool) -> Tweet:
    """A text that names objects of the scene, and with `place` sometimes where they are."""
    kinds = rng.sample(scene.kinds, min(len(scene.kinds), rng.choice((1, 2))))
    pieces = [
        *_opener(rng, wording, scene.mood),
        *_fill(rng, rng.choice(wording.naming), _things(rng, wording, scene, kinds)),
    ]
    if place and rng.random() < 0.2:
        pieces += _words(rng.choice(wording.places[scene.theme]))
    if rng.random() < 0.6:
        pieces += _words(_break(rng) + " " + rng.choice(wording.feelings[scene.theme]))
    tags: list[Piece] = []
    if rng.random() < 0.25:
        kind = rng.choice(kinds)
        tags.append(Piece("#" + rng.choice(wording.names[kind])[0], kind))
    return _decorate(rng, wording, scene, pieces, tags)


def feeling_tweet(rng: Random, wording: Wording, scene: Scene) -> Tweet:
    """A text of the scene's theme and mood that names nothing that is seen."""
    feelings = rng.sample(wording.feelings[scene.theme], rng.choice((1, 2)))
    pieces = _opener(rng, wording, scene.mood)
    for number, feeling in enumerate(feelings):
        pieces += _words(f"{_break(rng)} {feeling}" if number else feeling)
    return _decorate(rng, wording, scene, pieces, [])


def _opener(rng: Random, wording: Wording, mood: str) -> list[Piece]:
    if rng.random() < 0.65:
        return []
    opener = noise.misspell(rng, rng.choice(wording.openers[mood]))
    return _words(opener + rng.choice(("", ",", ",", "!", "...")))


def _things(rng: Random, wording: Wording, scene: Scene, kinds: list[str]) -> list[Piece]:
    """ "a red umbrella and two boats": every object of these kinds."""
    counts = Counter(item.kind for item in scene.objects)
    pieces: list[Piece] = []
    for kind in kinds:
        if pieces:
            pieces.append(Piece("and"))
        singular, plural = rng.choice(wording.names[kind])
        if counts[kind] > 1:
            pieces += [Piece(rng.choice(("two", "the", "these"))), Piece(plural, kind)]
            continue
        words = [rng.choice(_DETERMINERS)]
        if rng.random() < 0.35:
            words += [item.color for item in scene.objects if item.kind == kind]
        if words[0] == "a" and [*words[1:], singular][0][0] in "aeiou":
            words[0] = "an"
        pieces += [*(Piece(word) for word in words), Piece(singular, kind)]
    return pieces


def _fill(rng: Random, template: str, things: list[Piece]) -> list[Piece]:
    before, after = template.split("{thing}")
    return [
        *_words(noise.misspell(rng, before)),
        *things,
        *_words(noise.misspell(rng, after)),
    ]


def _decorate(
    rng: Random, wording: Wording, scene: Scene, pieces: list[Piece], tags: list[Piece]
) -> Tweet:
    """Add what surrounds the words of a tweet, and join all."""
    moods = [tag for tag in wording.theme_tags[scene.theme] if rng.random() < 0.2]
    moods += [tag for tag in wording.tags if rng.random() < 0.06]
    tags = [*tags, *(Piece(f"#{tag}") for tag in moods)]
    rng.shuffle(tags)
    number = [rng.choice(wording.numbers)] if rng.random() < 0.1 else []
    return _join(
        [
            *_words(" ".join(noise.beginning(rng))),
            *_capitalise(rng, pieces),
            *_words(" ".join([*number, *noise.ending(rng, scene.mood)])),
            *tags,
            *_words(noise.link(rng)),
        ]
    )


def _capitalise(rng: Random, pieces: list[Piece]) -> list[Piece]:
    style = rng.random()
    if style < 0.06:
        return [Piece(piece.text.upper(), piece.kind) for piece in pieces]
    if style < 0.4:
        first = pieces[0]
        return [Piece(first.text[:1].upper() + first.text[1:], first.kind), *pieces[1:]]
    return pieces


def _break(rng: Random) -> str:
    return rng.choice((",", ".", "!", "...", "-", "&", "!!"))


def _words(text: str) -> list[Piece]:
    return [Piece(word) for word in text.split()]


def _join(pieces: Iterable[Piece]) -> Tweet:
    """Join with spaces, except before punctuation, and note where objects are named."""
    text = ""
    mentions: list[Mention] = []
    for piece in pieces:
        glued = not text or re.fullmatch(r"[,.!?:]+", piece.text)
        text += piece.text if glued else " " + piece.text
        if piece.kind is not None:
            word = piece.text.removeprefix("#")
            mentions.append(Mention(word.lower(), len(text) - len(word), len(text), piece.kind))
    return Tweet(text, tuple(mentions))
