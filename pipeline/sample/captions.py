"""Captions and keywords of a scene."""

from collections import Counter
from random import Random

from pipeline.sample.canvas import SIZE
from pipeline.sample.scenes import Object, Scene
from pipeline.sample.themes import THEMES
from pipeline.sample.wording import Wording


def captions(rng: Random, wording: Wording, scene: Scene) -> list[str]:
    """Five sentences of different form."""
    theme = THEMES[scene.theme]
    inside, light = theme.inside, theme.lights[scene.mood]
    sentences = [
        f"{_things(rng, wording, scene, colors=True)} {inside}",
        f"{_things(rng, wording, scene, colors=False)} {light}",
        _positions(rng, wording, scene) + f" {inside}",
        f"you can see {_things(rng, wording, scene, colors=True)} {inside} {light}",
        f"a picture of {theme.place} with {_things(rng, wording, scene, colors=False)}",
    ]
    return [sentence[0].upper() + sentence[1:] + "." for sentence in sentences]


def keywords(rng: Random, wording: Wording, scene: Scene) -> list[str]:
    """The object types, the theme, and two of its tags."""
    tags = rng.sample([tag.lower() for tag in wording.theme_tags[scene.theme]], 2)
    return [*scene.object_types, scene.theme, *tags]


def _things(rng: Random, wording: Wording, scene: Scene, colors: bool) -> str:
    counts = Counter(item.object_type for item in scene.objects)
    phrases: list[str] = []
    for object_type in scene.object_types:
        items = [item for item in scene.objects if item.object_type == object_type]
        if counts[object_type] > 1 and not colors:
            phrases.append(f"two {rng.choice(wording.names[object_type])[1]}")
        else:
            phrases += [_thing(rng, wording, item, colors) for item in items]
    *first, last = phrases
    return f"{', '.join(first)} and {last}" if first else last


def _thing(rng: Random, wording: Wording, item: Object, color: bool) -> str:
    name = rng.choice(wording.names[item.object_type])[0]
    phrase = f"{item.color} {name}" if color else name
    return f"an {phrase}" if phrase[0] in "aeiou" else f"a {phrase}"


def _positions(rng: Random, wording: Wording, scene: Scene) -> str:
    if len(scene.objects) == 1:
        item = scene.objects[0]
        spots = ("on the left", "in the middle", "on the right")
        return f"{_thing(rng, wording, item, True)} {spots[int(item.x * len(spots) / SIZE)]}"
    far, near = scene.objects[0], scene.objects[-1]
    side = "to the left of" if near.x < far.x else "to the right of"
    return f"{_thing(rng, wording, near, True)} {side} {_thing(rng, wording, far, True)}"
