"""Painters of furniture and household objects: each stands on the origin, one unit high."""

import math
from itertools import pairwise

from pipeline.sample.canvas import Pen, arc, ellipse, rectangle
from pipeline.sample.colors import INK, NAMED, WHITE, Color, darker, lighter, mix


def umbrella(pen: Pen, color: Color) -> None:
    """A parasol, its panels in turn coloured and white."""
    pen.shadow(0.8)
    pen.stroke([(0, 0), (0, 0.95)], 0.035, (206, 196, 176))
    spokes = [-0.62, -0.38, -0.13, 0.13, 0.38, 0.62]
    for index, (left, right) in enumerate(pairwise(spokes)):
        middle = ((left + right) / 2, 0.54)
        panel = [(0.0, 0.97), *_spoke(left), middle, *reversed(_spoke(right))]
        tone = color if index % 2 == 0 else WHITE
        pen.fill(panel, darker(tone, 0.05 * index))
    pen.fill(ellipse(0, 0.98, 0.025, 0.03), darker(color))


def _spoke(end: float) -> list[tuple[float, float]]:
    angles = [share * math.pi / 2 for share in (0.25, 0.5, 0.75, 1.0)]
    return [(end * math.sin(angle), 0.58 + 0.39 * math.cos(angle)) for angle in angles]


def surfboard(pen: Pen, color: Color) -> None:
    """Stuck upright into the sand."""
    pen.shadow(0.4)
    outline = ellipse(0, 0.5, 0.15, 0.5)
    pen.fill(outline, darker(color, 0.3))
    pen.fill(ellipse(-0.01, 0.5, 0.135, 0.485), color)
    pen.fill(ellipse(-0.01, 0.55, 0.055, 0.42), lighter(color, 0.75))
    pen.stroke([(-0.12, 0.3), (0.1, 0.36)], 0.05, darker(color, 0.4))
    pen.stroke([(-0.12, 0.22), (0.1, 0.28)], 0.03, WHITE)
    pen.fill(ellipse(0, 0.0, 0.13, 0.03), (222, 190, 132))


def cup(pen: Pen, color: Color) -> None:
    """A mug on a saucer, steaming."""
    pen.shadow(1.3)
    for x in (-0.16, 0.12):
        steam = [(x, 0.78), (x + 0.06, 0.84), (x - 0.02, 0.92), (x + 0.05, 1.0)]
        pen.stroke(steam, 0.035, (238, 238, 240))
    pen.fill(ellipse(0, 0.06, 0.6, 0.06), darker(WHITE, 0.12))
    pen.fill(ellipse(0, 0.075, 0.56, 0.05), WHITE)
    pen.stroke(arc(0.36, 0.42, 0.2, 0.17, -90, 90), 0.08, darker(color))
    side = [(-0.4, 0.7), (-0.36, 0.2), (-0.24, 0.08), (0.24, 0.08), (0.36, 0.2), (0.4, 0.7)]
    pen.fill(side, color)
    pen.fill([(0.2, 0.7), (0.18, 0.1), (0.24, 0.08), (0.36, 0.2), (0.4, 0.7)], darker(color, 0.15))
    pen.fill(ellipse(0, 0.7, 0.4, 0.075), lighter(color, 0.35))
    pen.fill(ellipse(0, 0.69, 0.34, 0.055), (92, 56, 36))
    pen.stroke([(-0.26, 0.56), (-0.24, 0.28)], 0.05, lighter(color, 0.5))


def cake(pen: Pen, color: Color) -> None:
    """A layer cake with icing of the given colour, on a stand, with candles."""
    sponge = (226, 178, 112)
    pen.shadow(1.1)
    pen.fill([(-0.1, 0.14), (0.1, 0.14), (0.22, 0.0), (-0.22, 0.0)], darker(WHITE, 0.2))
    pen.fill(ellipse(0, 0.15, 0.66, 0.07), darker(WHITE, 0.15))
    pen.fill(ellipse(0, 0.17, 0.64, 0.06), WHITE)
    pen.fill([*arc(0, 0.2, 0.5, 0.07, 180, 360), (0.5, 0.62), (-0.5, 0.62)], sponge)
    pen.fill(
        [*arc(0, 0.4, 0.5, 0.07, 180, 360), (0.5, 0.46), *arc(0, 0.46, 0.5, 0.07, 360, 180)],
        lighter(color, 0.5),
    )
    _icing_and_candles(pen, color)


def _icing_and_candles(pen: Pen, color: Color) -> None:
    pen.fill([*arc(0, 0.56, 0.51, 0.07, 180, 360), (0.51, 0.66), (-0.51, 0.66)], color)
    for step in range(7):
        x = -0.45 + step * 0.15
        drop = 0.46 if step % 2 else 0.51
        drop -= 0.05 * math.cos(x * 2.6)
        pen.stroke([(x, 0.62), (x, drop)], 0.09, color)
    pen.fill(ellipse(0, 0.66, 0.51, 0.09), lighter(color, 0.25))
    for x, tone in ((-0.26, "blue"), (0.0, "yellow"), (0.26, "green")):
        pen.stroke([(x, 0.66), (x, 0.86)], 0.045, NAMED[tone])
        pen.fill(ellipse(x, 0.94, 0.035, 0.06), NAMED["orange"])
        pen.fill(ellipse(x, 0.925, 0.018, 0.03), NAMED["yellow"])


def teapot(pen: Pen, color: Color) -> None:
    """Round, with spout and handle."""
    shade = darker(color)
    pen.shadow(1.3)
    pen.stroke(arc(-0.46, 0.46, 0.26, 0.24, 80, 280), 0.08, shade)
    pen.fill(
        [(0.34, 0.2), (0.36, 0.46), (0.6, 0.62), (0.72, 0.84), (0.86, 0.78), (0.72, 0.42)], shade
    )
    pen.fill(rectangle(-0.28, 0.0, 0.28, 0.1, 0.03), shade)
    pen.fill(ellipse(0, 0.42, 0.5, 0.38), color)
    pen.fill(ellipse(-0.18, 0.52, 0.14, 0.16), lighter(color, 0.3))
    for x in (-0.3, -0.1, 0.1, 0.3):
        pen.fill(ellipse(x, 0.34, 0.05, 0.05), WHITE)
    pen.fill(ellipse(0, 0.77, 0.28, 0.1), shade)
    pen.fill(ellipse(0, 0.79, 0.25, 0.09), color)
    pen.fill(ellipse(0, 0.92, 0.075, 0.075), shade)


def kite(pen: Pen, color: Color) -> None:
    """A diamond in the sky with a tail of bows; it hangs above the origin."""
    tail = [(0, 0.4), (0.08, 0.28), (-0.03, 0.16), (0.06, 0.02)]
    pen.stroke(tail, 0.015, INK)
    for x, y in tail[1:]:
        pen.fill([(x, y), (x - 0.07, y + 0.045), (x - 0.07, y - 0.045)], NAMED["yellow"])
        pen.fill([(x, y), (x + 0.07, y + 0.045), (x + 0.07, y - 0.045)], NAMED["yellow"])
    other = mix(color, NAMED["yellow"], 0.6)
    pen.fill([(0, 1.0), (-0.27, 0.74), (0, 0.74)], color)
    pen.fill([(0, 1.0), (0.27, 0.74), (0, 0.74)], other)
    pen.fill([(0, 0.38), (-0.27, 0.74), (0, 0.74)], other)
    pen.fill([(0, 0.38), (0.27, 0.74), (0, 0.74)], color)
    pen.stroke([(0, 1.0), (0, 0.38)], 0.016, INK)
    pen.stroke([(-0.27, 0.74), (0.27, 0.74)], 0.016, INK)


def bench(pen: Pen, color: Color) -> None:
    """Slats on iron feet, from the front."""
    iron = (58, 60, 66)
    pen.shadow(1.9)
    for x in (-0.72, 0.72):
        pen.stroke([(x, 0.04), (x, 0.98)], 0.07, iron)
        pen.stroke([(x, 0.62), (x + (0.1 if x < 0 else -0.1), 0.62)], 0.06, iron)
    for y in (0.62, 0.77, 0.92):
        pen.fill(rectangle(-0.9, y - 0.055, 0.9, y + 0.055, 0.03), color)
        pen.fill(rectangle(-0.9, y - 0.055, 0.9, y - 0.02, 0.015), darker(color))
    pen.fill([(-0.86, 0.46), (0.86, 0.46), (0.96, 0.34), (-0.96, 0.34)], lighter(color, 0.2))
    pen.stroke([(-0.91, 0.4), (0.91, 0.4)], 0.02, darker(color))
    pen.fill(rectangle(-0.96, 0.28, 0.96, 0.34, 0.02), darker(color))
    for x in (-0.84, 0.84):
        pen.stroke([(x, 0.28), (x, 0.03)], 0.07, iron)


def sofa(pen: Pen, color: Color) -> None:
    """With two seat cushions and a throw pillow."""
    shade, light = darker(color, 0.18), lighter(color, 0.14)
    pen.shadow(2.3)
    for x in (-0.88, 0.88):
        pen.fill(rectangle(x - 0.06, 0.0, x + 0.06, 0.12), NAMED["brown"])
    pen.fill(rectangle(-0.94, 0.2, 0.94, 1.0, 0.16), shade)
    pen.fill(rectangle(-0.84, 0.4, -0.02, 0.92, 0.1), color)
    pen.fill(rectangle(0.02, 0.4, 0.84, 0.92, 0.1), color)
    pen.fill(rectangle(-1.0, 0.1, 1.0, 0.34, 0.06), shade)
    pen.fill(rectangle(-0.84, 0.3, -0.01, 0.5, 0.07), light)
    pen.fill(rectangle(0.01, 0.3, 0.84, 0.5, 0.07), light)
    for x in (-0.98, 0.98):
        pen.fill(rectangle(x - 0.16, 0.1, x + 0.16, 0.66, 0.12), color)
    pen.fill([(0.4, 0.46), (0.76, 0.52), (0.7, 0.86), (0.34, 0.8)], lighter(color, 0.65))


def lamp(pen: Pen, color: Color) -> None:
    """A standing lamp, lit."""
    metal = (92, 84, 78)
    pen.shadow(0.5)
    pen.fill(ellipse(0, 0.86, 0.34, 0.24), (255, 236, 160), alpha=0.35)
    pen.fill(ellipse(0, 0.02, 0.17, 0.03), metal)
    pen.fill(rectangle(-0.018, 0.02, 0.018, 0.74), metal)
    pen.fill([(-0.13, 0.99), (0.13, 0.99), (0.24, 0.7), (-0.24, 0.7)], color)
    pen.fill([(-0.04, 0.99), (0.06, 0.99), (0.1, 0.7), (-0.08, 0.7)], lighter(color, 0.45))
    pen.fill(ellipse(0, 0.7, 0.24, 0.03), (255, 244, 190))


PAINTERS = {
    painter.__name__: painter
    for painter in (umbrella, surfboard, cup, cake, teapot, kite, bench, sofa, lamp)
}
