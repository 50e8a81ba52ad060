"""Painters of buildings, the tent and the campfire: each stands on the origin, one unit high."""

from pipeline.sample.canvas import Pen, ellipse, rectangle
from pipeline.sample.colors import INK, NAMED, WHITE, Color, darker, lighter

_LIT: Color = (255, 222, 130)


def tent(pen: Pen, color: Color) -> None:
    """A ridge tent with an open front."""
    pen.shadow(1.9)
    pen.fill([(-0.2, 1.0), (0.5, 0.9), (0.95, 0.0), (0.3, 0.0)], darker(color, 0.35))
    pen.fill([(-0.9, 0.0), (-0.2, 1.0), (0.45, 0.0)], color)
    pen.fill([(-0.5, 0.0), (-0.2, 0.78), (0.1, 0.0)], (60, 44, 48))
    pen.fill([(-0.5, 0.0), (-0.2, 0.78), (-0.3, 0.0)], lighter(color, 0.35))
    pen.fill([(-0.18, 0.0), (-0.2, 0.4), (0.05, 0.0)], _LIT)
    pen.stroke([(-0.2, 1.0), (0.5, 0.9)], 0.025, lighter(color, 0.5))
    pen.stroke([(-0.9, 0.0), (-0.2, 1.0), (0.45, 0.0)], 0.025, lighter(color, 0.4))


def campfire(pen: Pen, color: Color) -> None:
    """Flames over crossed logs within stones; the given colour is that of the outer flames."""
    pen.fill(ellipse(0, 0.3, 0.85, 0.5), (255, 176, 70), alpha=0.18)
    pen.fill(ellipse(0, 0.26, 0.6, 0.36), (255, 190, 80), alpha=0.22)
    for x in (-0.5, -0.3, -0.1, 0.1, 0.3, 0.5):
        pen.fill(ellipse(x, 0.06, 0.12, 0.07), (128, 126, 130))
    flames = [
        (color, 1.0, 0.34),
        (NAMED["orange"], 0.78, 0.25),
        (NAMED["yellow"], 0.56, 0.16),
        (WHITE, 0.34, 0.07),
    ]
    for tone, top, width in flames:
        pen.fill(_flame(top, width), tone)
    pen.stroke([(-0.42, 0.08), (0.34, 0.22)], 0.12, (110, 70, 44))
    pen.stroke([(0.42, 0.08), (-0.34, 0.22)], 0.12, (134, 88, 54))
    for x in (-0.42, 0.42):
        pen.fill(ellipse(x, 0.08, 0.05, 0.055), (206, 160, 110))


def _flame(top: float, width: float) -> list[tuple[float, float]]:
    low = 0.14
    left = [(-width, low + 0.16), (-width * 0.75, top * 0.72), (-width * 0.4, top * 0.5)]
    right = [(width * 0.42, top * 0.56), (width * 0.8, top * 0.74), (width, low + 0.16)]
    return [(-width * 0.7, low), *left, (0.02, top), *right, (width * 0.7, low)]


def cabin(pen: Pen, color: Color) -> None:
    """A log house under a snowy roof, smoke rising."""
    shade = darker(color)
    pen.shadow(1.7)
    pen.fill(rectangle(0.3, 0.6, 0.5, 1.0), (140, 84, 74))
    pen.fill(rectangle(0.27, 0.97, 0.53, 1.03, 0.02), WHITE)
    pen.fill([(-0.62, 0.0), (0.62, 0.0), (0.62, 0.5), (0, 0.86), (-0.62, 0.5)], color)
    for y in (0.1, 0.2, 0.3, 0.4, 0.5):
        pen.stroke([(-0.62, y), (0.62, y)], 0.014, shade)
    pen.fill(rectangle(-0.44, 0.0, -0.16, 0.4), shade)
    pen.fill(ellipse(-0.21, 0.19, 0.018, 0.018), NAMED["yellow"])
    _cabin_window(pen)
    pen.stroke([(-0.78, 0.4), (0, 0.88), (0.78, 0.4)], 0.13, (222, 232, 244))
    pen.stroke([(-0.78, 0.43), (0, 0.91), (0.78, 0.43)], 0.09, WHITE)


def _cabin_window(pen: Pen) -> None:
    pen.fill(rectangle(0.06, 0.16, 0.44, 0.42), WHITE)
    pen.fill(rectangle(0.09, 0.19, 0.41, 0.39), _LIT)
    pen.stroke([(0.25, 0.19), (0.25, 0.39)], 0.025, WHITE)
    pen.stroke([(0.09, 0.29), (0.41, 0.29)], 0.025, WHITE)


def barn(pen: Pen, color: Color) -> None:
    """The front of a barn, for the farm's backdrop."""
    gable = [(0.5, 0.55), (0.3, 0.85), (0, 1), (-0.3, 0.85), (-0.5, 0.55)]
    pen.fill([(-0.5, 0), (0.5, 0), *gable], color)
    roof = [(-0.55, 0.52), (-0.32, 0.87), (0, 1.02), (0.32, 0.87), (0.55, 0.52)]
    pen.stroke(roof, 0.07, darker(color, 0.5))
    pen.fill(rectangle(-0.22, 0, 0.22, 0.42), WHITE)
    pen.fill(rectangle(-0.19, 0, 0.19, 0.39), darker(color, 0.2))
    pen.stroke([(-0.19, 0), (0.19, 0.39)], 0.03, WHITE)
    pen.stroke([(0.19, 0), (-0.19, 0.39)], 0.03, WHITE)
    pen.fill(rectangle(-0.09, 0.58, 0.09, 0.76), INK)


PAINTERS = {painter.__name__: painter for painter in (tent, campfire, cabin)}
