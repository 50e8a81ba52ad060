"""Plain descriptions of a scene: five captions, and keywords to search by."""

from collections import Counter
from random import Random

from pipeline.corpus.sample.canvas import SIZE
from pipeline.corpus.sample.scenes import Object, Scene
from pipeline.corpus.sample.themes import THEMES
from pipeline.corpus.sample.wording import Wording


def captions(rng: Random, wording: Wording, scene: Scene) -> list[str]:
    """Five sentences that describe the scene, each in its own way."""
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
    """Kinds of object, the theme's name, and two words of its mood."""
    tags = rng.sample([tag.lower() for tag in wording.theme_tags[scene.theme]], 2)
    return [*scene.kinds, scene.theme, *tags]


def _things(rng: Random, wording: Wording, scene: Scene, colors: bool) -> str:
    counts = Counter(item.kind for item in scene.objects)
    phrases: list[str] = []
    for kind in scene.kinds:
        items = [item for item in scene.objects if item.kind == kind]
        if counts[kind] > 1 and not colors:
            phrases.append(f"two {rng.choice(wording.names[kind])[1]}")
        else:
            phrases += [_thing(rng, wording, item, colors) for item in items]
    return " and ".join(phrases) if len(phrases) < 3 else _list(phrases)


def _list(phrases: list[str]) -> str:
    return ", ".join(phrases[:-1]) + " and " + phrases[-1]


def _thing(rng: Random, wording: Wording, item: Object, color: bool) -> str:
    name = rng.choice(wording.names[item.kind])[0]
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
