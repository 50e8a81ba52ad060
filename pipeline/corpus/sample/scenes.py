"""Scenes: which objects stand where in which place, and the picture of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image

from pipeline.corpus.sample.canvas import SIZE, Box, Canvas, Pen
from pipeline.corpus.sample.colors import NAMED
from pipeline.corpus.sample.kinds import KINDS
from pipeline.corpus.sample.themes import THEMES

MOODS = ("cheerful", "calm", "gloomy")

_MAX_COVERED = 0.3  # share of an object's frame that another's may cover
_ATTEMPTS = 40


@dataclass(frozen=True)
class Object:
    """One object of a scene; `box` is what is seen of it, in pixels, once the scene is painted."""

    kind: str
    color: str
    x: float
    foot: float
    height: float
    mirrored: bool
    tilt: float
    box: Box = (0, 0, 0, 0)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """About what it fills of the picture: x1, y1, x2, y2."""
        half = self.height * KINDS[self.kind].aspect / 2
        return self.x - half, self.foot - self.height, self.x + half, self.foot


@dataclass(frozen=True)
class Scene:
    """A place in the light of a mood, with its objects from far to near."""

    theme: str
    mood: str
    objects: tuple[Object, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of object in it, each once."""
        return tuple(dict.fromkeys(item.kind for item in self.objects))


def compose(rng: Random, theme: str, choice: Sequence[str], mood: str | None = None) -> Scene:
    """A scene with objects of one or two of the kinds in `choice`, in the given or any mood.

    A theme has three kinds: of each scene at least one of them is absent.
    """
    kinds = rng.sample(choice, min(len(choice), rng.choices((1, 2), weights=(2, 3))[0]))
    wanted = [kind for kind in kinds for _ in range(rng.choices((1, 2), weights=(3, 1))[0])]
    placed: list[Object] = []
    for kind in wanted:
        spot = _free_spot(rng, kind, placed)
        if spot is not None:
            placed.append(spot)
    placed.sort(key=lambda item: item.foot)
    return Scene(theme, mood or rng.choice(MOODS), tuple(placed))


def paint(scene: Scene, rng: Random) -> tuple[Image.Image, Scene]:
    """The picture (224 x 224 RGB), and the scene with the boxes of what is seen of its objects."""
    canvas = Canvas()
    THEMES[scene.theme].paint(canvas, rng, scene.mood)
    for owner, item in enumerate(scene.objects, start=1):
        pen = Pen(canvas, item.x, item.foot, item.height, owner, item.mirrored, item.tilt)
        KINDS[item.kind].paint(pen, NAMED[item.color])
    boxes = canvas.visible_boxes(len(scene.objects))
    seen = [
        replace(item, box=box)
        for item, box in zip(scene.objects, boxes, strict=True)
        if box is not None
    ]
    return canvas.finish(), replace(scene, objects=tuple(seen))


def _free_spot(rng: Random, name: str, placed: list[Object]) -> Object | None:
    kind = KINDS[name]
    taken = {item.color for item in placed if item.kind == name}
    for _ in range(_ATTEMPTS):
        nearness = rng.random()
        height = kind.height[0] + nearness * (kind.height[1] - kind.height[0])
        height *= rng.uniform(0.88, 1.12)
        half = height * kind.aspect / 2
        spot = Object(
            kind=name,
            color=rng.choice([color for color in kind.colors if color not in taken]),
            x=rng.uniform(half * 0.9, SIZE - half * 0.9),
            foot=kind.foot[0] + nearness * (kind.foot[1] - kind.foot[0]),
            height=height,
            mirrored=rng.random() < 0.5,
            tilt=rng.uniform(-kind.tilt, kind.tilt),
        )
        if all(_covered(spot, other) < _MAX_COVERED for other in placed):
            return spot
    return None


def _covered(first: Object, second: Object) -> float:
    """The larger share that one of the two frames covers of the other."""
    a, b = first.frame, second.frame
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / smaller
