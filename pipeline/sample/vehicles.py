"""Painters of vehicles: each stands on the origin, one unit high."""

from pipeline.sample.canvas import Pen, arc, ellipse, rectangle
from pipeline.sample.colors import INK, NAMED, WHITE, Color, darker, lighter

_GLASS: Color = (186, 220, 236)
_RUBBER: Color = (40, 40, 46)


def _wheel(pen: Pen, x: float, radius: float, hub: Color = (196, 200, 206)) -> None:
    pen.fill(ellipse(x, radius, radius, radius), _RUBBER)
    pen.fill(ellipse(x, radius, radius * 0.55, radius * 0.55), hub)
    pen.fill(ellipse(x, radius, radius * 0.18, radius * 0.18), _RUBBER)


def car(pen: Pen, color: Color) -> None:
    """From the side."""
    shade = darker(color)
    pen.shadow(2.4)
    _car_cabin(pen, color)
    pen.fill(rectangle(-1.12, 0.18, 1.12, 0.58, 0.14), color)
    pen.fill(rectangle(-1.12, 0.18, 1.12, 0.3, 0.06), shade)
    pen.stroke([(-0.02, 0.24), (-0.02, 0.56)], 0.015, shade)
    pen.stroke([(0.1, 0.48), (0.22, 0.48)], 0.035, shade)
    pen.fill(ellipse(1.06, 0.44, 0.06, 0.08), NAMED["yellow"])
    pen.fill(rectangle(-1.12, 0.38, -1.03, 0.52, 0.03), (230, 60, 50))
    for x in (-0.66, 0.66):
        pen.fill(ellipse(x, 0.24, 0.29, 0.28), shade)
        _wheel(pen, x, 0.24)


def _car_cabin(pen: Pen, color: Color) -> None:
    roof = [(-0.72, 0.52), (-0.5, 0.93), (-0.38, 1.0), (0.28, 1.0), (0.42, 0.93), (0.72, 0.52)]
    pen.fill(roof, color)
    pen.fill([(-0.58, 0.55), (-0.42, 0.89), (-0.06, 0.89), (-0.06, 0.55)], _GLASS)
    pen.fill([(0.02, 0.55), (0.02, 0.89), (0.28, 0.89), (0.57, 0.55)], _GLASS)
    pen.fill([(-0.36, 0.55), (-0.22, 0.89), (-0.14, 0.89), (-0.28, 0.55)], lighter(_GLASS, 0.6))


def bus(pen: Pen, color: Color) -> None:
    """A city bus from the side."""
    shade = darker(color)
    pen.shadow(2.3)
    pen.fill(rectangle(-1.08, 0.12, 1.08, 1.0, 0.1), color)
    pen.fill(rectangle(-1.06, 0.12, 1.06, 0.24, 0.03), shade)
    pen.fill(rectangle(-1.08, 0.36, 1.08, 0.42), WHITE)
    _bus_windows(pen, color)
    pen.fill(rectangle(0.5, 0.9, 1.0, 0.97), INK)
    pen.fill(ellipse(1.04, 0.3, 0.035, 0.05), NAMED["yellow"])
    for x in (-0.62, 0.42):
        pen.fill(ellipse(x, 0.17, 0.2, 0.2), shade)
        _wheel(pen, x, 0.16)


def _bus_windows(pen: Pen, door: Color) -> None:
    for step in range(4):
        x = -0.98 + step * 0.4
        pen.fill(rectangle(x, 0.52, x + 0.34, 0.86, 0.03), _GLASS)
        pen.fill(
            [(x + 0.06, 0.54), (x + 0.14, 0.84), (x + 0.2, 0.84), (x + 0.12, 0.54)],
            lighter(_GLASS, 0.6),
        )
    pen.fill(rectangle(0.63, 0.2, 0.86, 0.86, 0.02), darker(_GLASS, 0.35))
    pen.stroke([(0.745, 0.22), (0.745, 0.84)], 0.02, door)
    pen.fill(rectangle(0.9, 0.5, 1.08, 0.86, 0.03), _GLASS)


def bicycle(pen: Pen, color: Color) -> None:
    """From the side."""
    left, right, top = (-0.52, 0.32), (0.52, 0.32), (0.36, 0.78)
    crank, seat = (-0.08, 0.3), (-0.26, 0.78)
    pen.shadow(1.6)
    for x, y in (left, right):
        pen.ring(x, y, 0.29, 0.05, _RUBBER)
        for end_x, end_y in ((0.27, 0.0), (0.0, 0.27), (0.19, 0.19), (0.19, -0.19)):
            pen.stroke([(x - end_x, y - end_y), (x + end_x, y + end_y)], 0.01, (170, 172, 178))
    for start, end in ((left, crank), (crank, seat), (left, (-0.24, 0.7)), (crank, (0.37, 0.7))):
        pen.stroke([start, end], 0.05, color)
    pen.stroke([(-0.24, 0.7), (0.37, 0.7)], 0.05, color)
    pen.stroke([top, right], 0.05, color)
    pen.stroke([top, (0.38, 0.9), (0.52, 0.94)], 0.04, INK)
    pen.stroke([(-0.38, 0.82), (-0.18, 0.81)], 0.08, INK)
    pen.stroke([seat, (-0.27, 0.82)], 0.04, INK)
    pen.ring(*crank, 0.07, 0.03, INK)


def tractor(pen: Pen, color: Color) -> None:
    """From the side: big wheel behind, small wheel in front."""
    shade, hub = darker(color), NAMED["yellow"]
    pen.shadow(1.7)
    pen.stroke([(0.5, 0.6), (0.5, 0.92)], 0.06, INK)
    pen.fill(rectangle(-0.1, 0.3, 0.82, 0.66, 0.07), color)
    pen.fill(rectangle(0.1, 0.3, 0.82, 0.4, 0.04), shade)
    for x in (0.56, 0.64, 0.72):
        pen.stroke([(x, 0.46), (x, 0.58)], 0.025, shade)
    pen.fill(rectangle(-0.62, 0.4, 0.02, 0.66, 0.05), color)
    pen.fill([(-0.56, 0.62), (-0.5, 0.96), (-0.04, 0.96), (0.06, 0.62)], shade)
    pen.fill([(-0.48, 0.64), (-0.43, 0.9), (-0.09, 0.9), (-0.02, 0.64)], _GLASS)
    pen.stroke([(-0.58, 0.97), (0.04, 0.97)], 0.06, color)
    _wheel(pen, 0.6, 0.2, hub)
    pen.fill(arc(-0.42, 0.33, 0.39, 0.39, 0, 180), shade)
    _wheel(pen, -0.42, 0.33, hub)


def boat(pen: Pen, color: Color) -> None:
    """A sailing boat; the water hides its keel."""
    pen.fill(rectangle(-0.02, 0.2, 0.02, 1.0), NAMED["brown"])
    pen.fill([(0.05, 0.27), (0.05, 0.97), (0.2, 0.72), (0.46, 0.27)], WHITE)
    pen.fill([(0.05, 0.45), (0.05, 0.6), (0.29, 0.6), (0.39, 0.45)], color)
    pen.fill([(-0.05, 0.27), (-0.05, 0.88), (-0.38, 0.27)], darker(WHITE, 0.1))
    pen.fill([(-0.52, 0.22), (0.56, 0.22), (0.36, 0.0), (-0.36, 0.0)], color)
    pen.fill([(-0.5, 0.16), (0.52, 0.16), (0.48, 0.1), (-0.45, 0.1)], WHITE)
    pen.fill([(-0.38, 0.03), (0.39, 0.03), (0.36, 0.0), (-0.36, 0.0)], darker(color))
    pen.fill([(0.02, 1.05), (0.02, 0.97), (0.16, 1.01)], NAMED["red"])


def sled(pen: Pen, color: Color) -> None:
    """A wooden sledge with painted runners, from the side and a little above."""
    wood = (198, 140, 84)
    pen.shadow(2.0)
    for rise, tone in ((0.16, darker(color)), (0.0, color)):
        runner = [(-0.9, 0.06 + rise), (0.7, 0.06 + rise), (0.94, 0.2 + rise)]
        pen.stroke([*runner, (1.0, 0.45 + rise), (0.88, 0.62 + rise)], 0.09, tone)
    for x in (-0.6, 0.0, 0.6):
        pen.stroke([(x, 0.08), (x, 0.5)], 0.08, color)
    pen.fill([(-0.95, 0.48), (0.75, 0.48), (0.9, 0.74), (-0.8, 0.74)], wood)
    for share in (0.33, 0.66):
        x, y = -0.95 + 0.15 * share, 0.48 + 0.26 * share
        pen.stroke([(x, y), (x + 1.7, y)], 0.025, darker(wood, 0.35))
    pen.fill([(-0.95, 0.4), (0.75, 0.4), (0.75, 0.48), (-0.95, 0.48)], darker(wood))
    pen.stroke(arc(0.98, 0.75, 0.36, 0.36, 200, 290), 0.03, NAMED["brown"])


PAINTERS = {painter.__name__: painter for painter in (car, bus, bicycle, tractor, boat, sled)}
