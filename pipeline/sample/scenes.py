"""Scenes composed of a theme, a mood and objects, and painted as images."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image

from pipeline.sample import animals, buildings, furnishings, vehicles
from pipeline.sample.backdrops import BACKDROPS
from pipeline.sample.canvas import SIZE, Box, Canvas, Pen
from pipeline.sample.colors import NAMED
from pipeline.sample.themes import OBJECT_TYPES

PAINTERS = animals.PAINTERS | buildings.PAINTERS | furnishings.PAINTERS | vehicles.PAINTERS
MOODS = ("cheerful", "calm", "gloomy")

_MAX_COVERED = 0.3  # share of an object's box that another's may cover
_ATTEMPTS = 40


@dataclass(frozen=True)
class Object:
    """One object of a scene; `box` is its visible part, in pixels, once the scene is painted."""

    object_type: str
    color: str
    x: float
    foot: float
    height: float
    mirrored: bool
    tilt: float
    box: Box = (0, 0, 0, 0)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Its approximate box: x1, y1, x2, y2."""
        half = self.height * OBJECT_TYPES[self.object_type].aspect / 2
        return self.x - half, self.foot - self.height, self.x + half, self.foot


@dataclass(frozen=True)
class Scene:
    """A place in the light of a mood, with its objects from far to near."""

    theme: str
    mood: str
    objects: tuple[Object, ...]

    @property
    def object_types(self) -> tuple[str, ...]:
        """The types of its objects, each once."""
        return tuple(dict.fromkeys(item.object_type for item in self.objects))


def compose(rng: Random, theme: str, choice: Sequence[str], mood: str | None = None) -> Scene:
    """A scene with objects of one or two of the types in `choice`; by default of a random mood.

    A theme has three types, so every scene lacks at least one of them.
    """
    types = rng.sample(choice, min(len(choice), rng.choices((1, 2), weights=(2, 3))[0]))
    wanted = [name for name in types for _ in range(rng.choices((1, 2), weights=(3, 1))[0])]
    placed: list[Object] = []
    for object_type in wanted:
        spot = _free_spot(rng, object_type, placed)
        if spot is not None:
            placed.append(spot)
    placed.sort(key=lambda item: item.foot)
    return Scene(theme, mood or rng.choice(MOODS), tuple(placed))


def paint(scene: Scene, rng: Random) -> tuple[Image.Image, Scene]:
    """The image (224 x 224 RGB), and the scene with its visible objects and their boxes."""
    canvas = Canvas()
    BACKDROPS[scene.theme](canvas, rng, scene.mood)
    for owner, item in enumerate(scene.objects, start=1):
        pen = Pen(canvas, item.x, item.foot, item.height, owner, item.mirrored, item.tilt)
        PAINTERS[item.object_type](pen, NAMED[item.color])
    boxes = canvas.visible_boxes(len(scene.objects))
    visible = [
        replace(item, box=box)
        for item, box in zip(scene.objects, boxes, strict=True)
        if box is not None
    ]
    return canvas.finish(), replace(scene, objects=tuple(visible))


def _free_spot(rng: Random, name: str, placed: list[Object]) -> Object | None:
    spec = OBJECT_TYPES[name]
    taken = {item.color for item in placed if item.object_type == name}
    colors = [color for color in spec.colors if color not in taken]
    for _ in range(_ATTEMPTS):
        spot = _spot(rng, name, colors)
        if all(_covered(spot, other) < _MAX_COVERED for other in placed):
            return spot
    return None


def _spot(rng: Random, name: str, colors: list[str]) -> Object:
    spec, nearness = OBJECT_TYPES[name], rng.random()
    height = spec.height[0] + nearness * (spec.height[1] - spec.height[0])
    height *= rng.uniform(0.88, 1.12)
    half = height * spec.aspect / 2
    return Object(
        object_type=name,
        color=rng.choice(colors),
        x=rng.uniform(half * 0.9, SIZE - half * 0.9),
        foot=spec.foot[0] + nearness * (spec.foot[1] - spec.foot[0]),
        height=height,
        mirrored=rng.random() < 0.5,
        tilt=rng.uniform(-spec.tilt, spec.tilt),
    )


def _covered(first: Object, second: Object) -> float:
    """The larger share that one of the two frames covers of the other."""
    a, b = first.frame, second.frame
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / smaller
