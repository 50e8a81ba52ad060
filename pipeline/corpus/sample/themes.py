"""The eight themes: a place, the kinds of object that belong there, and words for what it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pipeline.corpus.sample import backdrops
from pipeline.corpus.sample.canvas import Canvas

_SUNLIGHT = {"cheerful": "on a sunny day", "calm": "at sunset", "gloomy": "on a grey day"}
_LAMPLIGHT = {"cheerful": "in bright light", "calm": "in warm light", "gloomy": "in dim light"}
_MOONLIGHT = {"cheerful": "under the stars", "calm": "at nightfall", "gloomy": "on a dark night"}


@dataclass(frozen=True)
class Theme:
    """One theme. Kinds of object belong to one theme only, so every object speaks for its theme."""

    name: str
    paint: Callable[[Canvas, Random, str], None]
    kinds: tuple[str, str, str]
    inside: str  # for captions: where the objects are
    place: str
    lights: dict[str, str]  # by mood
    words: frozenset[str]  # that name what the backdrop shows


def _theme(
    paint: Callable[[Canvas, Random, str], None],
    kinds: tuple[str, str, str],
    inside: str,
    place: str,
    words: str,
    lights: dict[str, str] = _SUNLIGHT,
) -> Theme:
    name = paint.__name__.replace("_", " ")
    seen = frozenset(words.split())
    return Theme(name, paint, kinds, inside, place, lights, seen)


THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        _theme(
            backdrops.beach,
            ("umbrella", "boat", "surfboard"),
            "on a sandy beach",
            "a beach",
            "beach sea ocean sand shore coast wave waves water sky sun cloud clouds",
        ),
        _theme(
            backdrops.city,
            ("car", "bus", "bicycle"),
            "on a city street",
            "a city street",
            "city street road town building buildings house houses tower window windows sky",
        ),
        _theme(
            backdrops.kitchen,
            ("cup", "cake", "teapot"),
            "in a kitchen",
            "a kitchen",
            "kitchen counter table shelf tile tiles cupboard cupboards jar jars wall",
            _LAMPLIGHT,
        ),
        _theme(
            backdrops.park,
            ("dog", "kite", "bench"),
            "in a green park",
            "a park",
            "park grass lawn tree trees path flower flowers blossoms sky sun cloud clouds",
        ),
        _theme(
            backdrops.mountain,
            ("snowman", "sled", "cabin"),
            "in the snowy mountains",
            "snowy mountains",
            "snow mountain mountains peak peaks slope snowflakes tree trees sky",
        ),
        _theme(
            backdrops.farm,
            ("cow", "sheep", "tractor"),
            "on a farm",
            "a farm",
            "farm field fields barn fence sky sun cloud clouds",
        ),
        _theme(
            backdrops.living_room,
            ("cat", "sofa", "lamp"),
            "in a living room",
            "a living room",
            "room window carpet rug curtain curtains picture pictures floor wall sky",
            _LAMPLIGHT,
        ),
        _theme(
            backdrops.campsite,
            ("tent", "campfire", "owl"),
            "at a campsite in the woods",
            "a campsite",
            "campsite woods forest trees dark night moon star stars sky clouds",
            _MOONLIGHT,
        ),
    )
}
