"""Painters of animals and the snowman: each stands on the origin, one unit high."""

from pipeline.sample.canvas import Pen, arc, ellipse, rectangle
from pipeline.sample.colors import INK, NAMED, WHITE, Color, darker, lighter


def dog(pen: Pen, color: Color) -> None:
    """From the side, tail up."""
    shade = darker(color)
    pen.shadow(1.15)
    pen.stroke([(-0.48, 0.55), (-0.6, 0.68), (-0.64, 0.86)], 0.09, color)
    for x in (-0.36, 0.3):
        pen.stroke([(x, 0.35), (x, 0.05)], 0.12, shade)
    pen.fill(ellipse(-0.05, 0.48, 0.5, 0.2), color)
    for x in (-0.44, 0.2):
        pen.stroke([(x, 0.42), (x, 0.06)], 0.13, color)
        pen.stroke([(x, 0.05), (x + 0.07, 0.05)], 0.1, color)
    _dog_head(pen, color, shade)


def _dog_head(pen: Pen, color: Color, ear: Color) -> None:
    pen.stroke([(0.32, 0.52), (0.44, 0.76)], 0.24, color)
    pen.stroke([(0.3, 0.6), (0.44, 0.57)], 0.06, NAMED["red"])
    pen.fill(ellipse(0.48, 0.8, 0.2, 0.18), color)
    pen.stroke([(0.58, 0.74), (0.72, 0.72)], 0.15, lighter(color, 0.2))
    pen.fill(ellipse(0.78, 0.76, 0.05, 0.045), INK)
    pen.fill(ellipse(0.55, 0.86, 0.032, 0.036), INK)
    pen.stroke([(0.36, 0.9), (0.29, 0.76), (0.3, 0.66)], 0.12, ear)


def cat(pen: Pen, color: Color) -> None:
    """Sitting, facing us."""
    shade, soft = darker(color), lighter(color, 0.45)
    pen.shadow(0.8)
    pen.stroke([(0.25, 0.08), (0.5, 0.1), (0.58, 0.3), (0.5, 0.48)], 0.09, shade)
    pen.fill(ellipse(0, 0.28, 0.3, 0.29), color)
    pen.fill(ellipse(0, 0.27, 0.15, 0.2), soft)
    for side in (-1, 1):
        pen.fill(ellipse(side * 0.2, 0.07, 0.14, 0.075), color)
        pen.stroke([(side * 0.09, 0.3), (side * 0.09, 0.07)], 0.11, color)
        pen.fill([(side * 0.28, 0.99), (side * 0.05, 0.86), (side * 0.26, 0.7)], color)
        pen.fill([(side * 0.245, 0.93), (side * 0.11, 0.85), (side * 0.23, 0.76)], NAMED["pink"])
    _cat_face(pen, color, soft)


def _cat_face(pen: Pen, color: Color, soft: Color) -> None:
    pen.fill(ellipse(0, 0.69, 0.28, 0.215), color)
    for side in (-1, 1):
        pen.fill(ellipse(side * 0.11, 0.72, 0.055, 0.058), (186, 214, 84))
        pen.fill(ellipse(side * 0.11, 0.72, 0.022, 0.052), INK)
        for drop in (-0.03, 0.03):
            pen.stroke([(side * 0.1, 0.61), (side * 0.36, 0.61 + drop)], 0.012, soft)
    pen.fill(ellipse(0, 0.61, 0.09, 0.06), soft)
    pen.fill([(-0.035, 0.655), (0.035, 0.655), (0, 0.615)], NAMED["pink"])


def cow(pen: Pen, color: Color) -> None:
    """From the side, with patches of the given colour on white."""
    hide, nose = WHITE, (236, 170, 160)
    pen.shadow(1.6)
    pen.stroke([(-0.68, 0.75), (-0.77, 0.6), (-0.76, 0.35)], 0.04, darker(hide, 0.3))
    pen.fill(ellipse(-0.76, 0.32, 0.05, 0.08), color)
    for x in (-0.5, 0.42):
        pen.stroke([(x, 0.4), (x, 0.04)], 0.12, darker(hide, 0.25))
    pen.fill(ellipse(-0.38, 0.36, 0.14, 0.09), nose)
    pen.fill(rectangle(-0.7, 0.38, 0.6, 0.86, 0.18), hide)
    for patch in ((-0.48, 0.68, 0.16, 0.14), (0.0, 0.62, 0.2, 0.15), (0.36, 0.76, 0.1, 0.08)):
        pen.fill(ellipse(*patch), color)
    for x in (-0.6, 0.3):
        pen.stroke([(x, 0.42), (x, 0.07)], 0.13, hide)
        pen.fill(rectangle(x - 0.07, 0.0, x + 0.07, 0.08), INK)
    _cow_head(pen, color, hide, nose)


def _cow_head(pen: Pen, color: Color, hide: Color, nose: Color) -> None:
    pen.stroke([(0.5, 0.72), (0.7, 0.78)], 0.3, hide)
    pen.stroke([(0.64, 0.94), (0.54, 0.9)], 0.09, color)
    for x in (0.64, 0.84):
        pen.stroke([(x, 0.92), (x + 0.02, 0.99)], 0.045, (214, 196, 150))
    pen.fill(rectangle(0.58, 0.58, 0.9, 0.94, 0.12), color)
    pen.fill(rectangle(0.69, 0.58, 0.8, 0.94, 0.04), hide)
    pen.fill(ellipse(0.75, 0.59, 0.18, 0.11), nose)
    for x in (0.67, 0.82):
        pen.fill(ellipse(x, 0.6, 0.025, 0.03), darker(nose, 0.5))
        pen.fill(ellipse(x, 0.8, 0.03, 0.034), INK)


def sheep(pen: Pen, color: Color) -> None:
    """A cloud of wool on dark legs."""
    face = (74, 66, 66)
    pen.shadow(1.2)
    for x in (-0.32, -0.14, 0.16, 0.34):
        pen.stroke([(x, 0.35), (x, 0.04)], 0.09, face)
    puffs = [(-0.42, 0.52), (-0.3, 0.72), (-0.06, 0.8), (0.2, 0.74), (0.36, 0.56), (0.2, 0.4)]
    for x, y in [*puffs, (-0.06, 0.36), (-0.3, 0.4)]:
        pen.fill(ellipse(x, y - 0.02, 0.2, 0.19), darker(color, 0.18))
    for x, y in [*puffs, (0.0, 0.56), (-0.2, 0.56)]:
        pen.fill(ellipse(x, y + 0.02, 0.18, 0.17), color)
    for x, y in ((-0.25, 0.6), (0.05, 0.62), (-0.1, 0.48)):
        pen.stroke(arc(x, y, 0.07, 0.06, 200, 340), 0.018, darker(color, 0.22))
    _sheep_head(pen, color, face)


def _sheep_head(pen: Pen, color: Color, face: Color) -> None:
    pen.stroke([(0.4, 0.82), (0.34, 0.76)], 0.08, face)
    pen.stroke([(0.74, 0.82), (0.8, 0.75)], 0.08, face)
    pen.fill(ellipse(0.57, 0.68, 0.16, 0.22), face)
    pen.fill(ellipse(0.57, 0.87, 0.17, 0.12), color)
    for x in (0.51, 0.64):
        pen.fill(ellipse(x, 0.72, 0.035, 0.04), WHITE)
        pen.fill(ellipse(x, 0.715, 0.018, 0.022), INK)


def owl(pen: Pen, color: Color) -> None:
    """On a tree stump, facing us."""
    shade, belly = darker(color, 0.35), lighter(color, 0.5)
    wood = (118, 82, 56)
    pen.shadow(0.8)
    pen.fill([(-0.36, 0), (0.36, 0), (0.27, 0.12), (0.25, 0.3), (-0.25, 0.3), (-0.28, 0.12)], wood)
    pen.fill(ellipse(0, 0.3, 0.25, 0.06), lighter(wood, 0.4))
    pen.fill(ellipse(0, 0.58, 0.26, 0.3), color)
    pen.fill(ellipse(0, 0.52, 0.16, 0.21), belly)
    for y in (0.44, 0.53, 0.62):
        for x in (-0.07, 0.0, 0.07):
            pen.stroke([(x - 0.025, y + 0.02), (x, y), (x + 0.025, y + 0.02)], 0.014, shade)
    for side in (-1, 1):
        pen.fill(ellipse(side * 0.25, 0.54, 0.08, 0.21), shade)
        pen.fill([(side * 0.27, 1.0), (side * 0.02, 0.86), (side * 0.27, 0.78)], shade)
        pen.fill(ellipse(side * 0.07, 0.31, 0.05, 0.03), NAMED["orange"])
    _owl_face(pen, color)


def _owl_face(pen: Pen, color: Color) -> None:
    pen.fill(ellipse(0, 0.8, 0.26, 0.14), color)
    for side in (-1, 1):
        pen.fill(ellipse(side * 0.11, 0.8, 0.115, 0.115), WHITE)
        pen.fill(ellipse(side * 0.1, 0.8, 0.07, 0.07), NAMED["yellow"])
        pen.fill(ellipse(side * 0.1, 0.8, 0.04, 0.04), INK)
    pen.fill([(-0.04, 0.77), (0.04, 0.77), (0, 0.68)], NAMED["orange"])


def snowman(pen: Pen, color: Color) -> None:
    """Three balls of snow with hat, carrot, and a scarf of the given colour."""
    snow, cool = (252, 253, 255), (205, 218, 236)
    pen.shadow(0.7)
    pen.stroke([(-0.18, 0.52), (-0.44, 0.66)], 0.03, NAMED["brown"])
    pen.stroke([(0.18, 0.52), (0.44, 0.7)], 0.03, NAMED["brown"])
    for y, radius in ((0.22, 0.25), (0.53, 0.19), (0.76, 0.14)):
        pen.fill(ellipse(0, y, radius + 0.012, radius * 0.95 + 0.012), cool)
        pen.fill(ellipse(-0.015, y + 0.012, radius - 0.01, radius * 0.95 - 0.01), snow)
    for y in (0.46, 0.54, 0.3):
        pen.fill(ellipse(0, y, 0.022, 0.022), INK)
    pen.stroke([(-0.13, 0.66), (0, 0.635), (0.13, 0.66)], 0.07, color)
    pen.stroke([(0.1, 0.64), (0.14, 0.5)], 0.07, darker(color))
    _snowman_head(pen, color)


def _snowman_head(pen: Pen, color: Color) -> None:
    for x in (-0.055, 0.055):
        pen.fill(ellipse(x, 0.8, 0.02, 0.022), INK)
    pen.fill([(0, 0.78), (0, 0.735), (0.17, 0.74)], NAMED["orange"])
    pen.stroke([(-0.17, 0.87), (0.17, 0.87)], 0.03, INK)
    pen.fill(rectangle(-0.11, 0.87, 0.11, 1.02, 0.01), INK)
    pen.fill(rectangle(-0.11, 0.885, 0.11, 0.92), color)


PAINTERS = {painter.__name__: painter for painter in (dog, cat, cow, sheep, owl, snowman)}
