"""The canvas of an image, and pens that draw on it in an object's own coordinates."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from pipeline.sample.colors import Color

SIZE = 224  # pixels, both sides of a finished image
_OVERSAMPLING = 3  # for smooth edges
_LARGE = SIZE * _OVERSAMPLING

Point = tuple[float, float]
Box = tuple[int, int, int, int]  # x1, y1, x2, y2 in pixels; x2 and y2 just outside


def ellipse(x: float, y: float, rx: float, ry: float) -> list[Point]:
    """The outline of an ellipse around (x, y)."""
    angles = [2 * math.pi * step / 40 for step in range(40)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """An arc of an ellipse, from `start` to `end` degrees, from the x axis towards the y axis."""
    angles = [math.radians(start + (end - start) * step / 24) for step in range(25)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def rectangle(x1: float, y1: float, x2: float, y2: float, radius: float = 0.0) -> list[Point]:
    """The outline of a rectangle, its corners rounded by `radius`."""
    if not radius:
        return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    corners = [(x2, y2, 0), (x1, y2, 90), (x1, y1, 180), (x2, y1, 270)]
    outline: list[Point] = []
    for x, y, start in corners:
        inner_x = x - radius if x == x2 else x + radius
        inner_y = y - radius if y == y2 else y + radius
        outline += arc(inner_x, inner_y, radius, radius, start, start + 90)
    return outline


class Canvas:
    """An image, and the number of the object that owns each pixel (0: the backdrop)."""

    def __init__(self) -> None:
        self._image = Image.new("RGB", (_LARGE, _LARGE))
        self._owners = Image.new("L", (_LARGE, _LARGE), 0)
        self._draw = ImageDraw.Draw(self._image, "RGBA")
        self._claim = ImageDraw.Draw(self._owners)

    def fill(
        self, outline: Iterable[Point], color: Color, alpha: float = 1.0, owner: int = 0
    ) -> None:
        """Fill an outline, in pixels of the finished image, for an owner.

        A translucent fill, such as a shadow or a glow, changes no owner.
        """
        points = [(x * _OVERSAMPLING, y * _OVERSAMPLING) for x, y in outline]
        self._draw.polygon(points, fill=(*color, round(255 * alpha)))
        if alpha == 1.0:
            self._claim.polygon(points, fill=owner)

    def gradient(self, top: float, bottom: float, upper: Color, lower: Color) -> None:
        """Fill the image's width from height `top` to `bottom`, fading between two colours."""
        first, last = round(top * _OVERSAMPLING), round(bottom * _OVERSAMPLING)
        mix = np.linspace(0.0, 1.0, last - first)[:, None, None]
        column = np.asarray(upper) * (1 - mix) + np.asarray(lower) * mix
        strip = Image.fromarray(column.round().astype(np.uint8))
        self._image.paste(strip.resize((_LARGE, last - first)), (0, first))

    def tint(self, color: Color, strength: float) -> None:
        """Tint everything drawn so far."""
        self._draw.rectangle((0, 0, _LARGE, _LARGE), fill=(*color, round(255 * strength)))

    def finish(self) -> Image.Image:
        """The image at its final size."""
        return self._image.reduce(_OVERSAMPLING)

    def visible_boxes(self, count: int) -> list[Box | None]:
        """The box around the visible part of each object, 1 to `count`; None if it is hidden."""
        owners = self._owners.resize((SIZE, SIZE), Image.Resampling.NEAREST)
        return [
            owners.point([255 if value == owner else 0 for value in range(256)]).getbbox()
            for owner in range(1, count + 1)
        ]


@dataclass(frozen=True)
class Pen:
    """Draws one object in its own coordinates: origin where it stands, y upwards, height 1."""

    canvas: Canvas = field(repr=False)
    x: float  # pixels, where the object's origin lies in the image
    y: float
    height: float  # pixels
    owner: int
    mirrored: bool = False
    tilt: float = 0.0  # degrees, to the left

    def fill(self, outline: Iterable[Point], color: Color, alpha: float = 1.0) -> None:
        """Fill an outline."""
        cosine, sine = math.cos(math.radians(self.tilt)), math.sin(math.radians(self.tilt))
        side = -self.height if self.mirrored else self.height
        points = [
            (
                self.x + side * x * cosine - self.height * y * sine,
                self.y - side * x * sine - self.height * y * cosine,
            )
            for x, y in outline
        ]
        self.canvas.fill(points, color, alpha, self.owner)

    def stroke(self, path: Sequence[Point], width: float, color: Color) -> None:
        """Draw a line with round ends along a path."""
        radius = width / 2
        for (x1, y1), (x2, y2) in pairwise(path):
            length = math.hypot(x2 - x1, y2 - y1) or 1.0
            dx, dy = radius * (y2 - y1) / length, radius * (x1 - x2) / length
            edge = [(x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (x2 - dx, y2 - dy), (x1 - dx, y1 - dy)]
            self.fill(edge, color)
        for x, y in path:
            self.fill(ellipse(x, y, radius, radius), color)

    def ring(self, x: float, y: float, radius: float, width: float, color: Color) -> None:
        """Draw a circle's line."""
        self.stroke(arc(x, y, radius, radius, 0, 360), width, color)

    def shadow(self, width: float) -> None:
        """Darken the ground under the object."""
        self.fill(ellipse(0, 0.0, width / 2, 0.05), (20, 25, 40), alpha=0.22)
