"""Painters of the themes' backdrops, in pixels of the image."""

from random import Random

from pipeline.sample import scenery
from pipeline.sample.buildings import barn
from pipeline.sample.canvas import SIZE, Canvas, Pen, ellipse, rectangle
from pipeline.sample.colors import NAMED, WHITE, Color, darker, lighter, mix

_FACADES: tuple[Color, ...] = ((196, 120, 90), (90, 110, 150), (206, 186, 150))


def beach(canvas: Canvas, rng: Random, mood: str) -> None:
    """Sea with rows of waves, a strip of foam, sand."""
    horizon, shore = rng.uniform(76, 96), rng.uniform(136, 150)
    scenery.sky(canvas, horizon, mood)
    scenery.sun_or_clouds(canvas, rng, horizon, mood)
    canvas.gradient(horizon, SIZE, (24, 110, 170), (90, 200, 205))
    for _ in range(14):
        x, y = rng.uniform(0, SIZE), rng.uniform(horizon + 5, shore - 4)
        canvas.fill(ellipse(x, y, rng.uniform(8, 18), 0.9), (190, 232, 240), 0.7)
    sand = mix((240, 214, 160), (226, 190, 126), rng.random())
    canvas.fill(scenery.hill(rng, shore - 4, 4), WHITE)
    canvas.fill(scenery.hill(rng, shore + 2, 4), darker(sand, 0.12))
    canvas.fill(scenery.hill(rng, shore + 8, 4), sand)
    for _ in range(60):
        x, y = rng.uniform(0, SIZE), rng.uniform(shore + 14, SIZE)
        canvas.fill(ellipse(x, y, 1.2, 0.7), darker(sand, 0.2))
    scenery.light(canvas, mood)


def city(canvas: Canvas, rng: Random, mood: str) -> None:
    """Rows of houses with lit windows, a pavement, a road with a dashed line."""
    scenery.sky(canvas, 130, mood)
    for base, tone in ((0.35, (150, 160, 182)), (0.0, (104, 112, 136))):
        x = -rng.uniform(0, 20)
        while x < SIZE:
            width = rng.uniform(24, 46)
            top = rng.uniform(14, 60) if base else rng.uniform(44, 96)
            facade = mix(tone, rng.choice(_FACADES), 0.35)
            scenery.tower(canvas, rng, x, top, width, facade, windows=not base)
            x += width + rng.uniform(0, 5)
    _road(canvas, rng)
    scenery.light(canvas, mood)


def _road(canvas: Canvas, rng: Random) -> None:
    canvas.fill(rectangle(0, 134, SIZE, 154), (176, 174, 172))
    canvas.fill(rectangle(0, 152, SIZE, 156), (140, 138, 138))
    canvas.gradient(156, SIZE, (84, 86, 94), (64, 66, 74))
    shift = rng.uniform(0, 40)
    for step in range(-1, 6):
        x = step * 46 + shift
        canvas.fill([(x, 190), (x + 24, 190), (x + 22, 194), (x - 2, 194)], (236, 220, 150))


def kitchen(canvas: Canvas, rng: Random, mood: str) -> None:
    """Tiles, cupboards, a shelf of plates, a wooden worktop."""
    wall = rng.choice([(232, 238, 236), (244, 232, 210), (214, 230, 236)])
    front = rng.choice([(128, 168, 160), (232, 178, 120), (140, 160, 190), (210, 120, 100)])
    canvas.gradient(0, SIZE, wall, darker(wall, 0.08))
    for x in range(0, SIZE + 1, 28):
        canvas.fill(rectangle(x, 52, x + 1, 134), darker(wall, 0.16))
    for y in range(52, 134, 16):
        canvas.fill(rectangle(0, y, SIZE, y + 1), darker(wall, 0.16))
    for x in range(-8, SIZE, 60):
        canvas.fill(rectangle(x, -6, x + 57, 44, 3), front)
        canvas.fill(rectangle(x + 6, -2, x + 51, 38, 2), lighter(front, 0.2))
        canvas.fill(rectangle(x + 44, 22, x + 47, 34), (90, 90, 94))
    scenery.shelf(canvas, rng)
    _worktop(canvas, rng)
    scenery.light(canvas, mood)


def _worktop(canvas: Canvas, rng: Random) -> None:
    wood = mix((198, 150, 98), (150, 104, 66), rng.random())
    canvas.gradient(134, SIZE, lighter(wood, 0.15), wood)
    canvas.fill(rectangle(0, 134, SIZE, 137), lighter(wood, 0.45))
    for y in (152, 172, 195):
        canvas.fill(rectangle(0, y, SIZE, y + 1), darker(wood, 0.18))


def park(canvas: Canvas, rng: Random, mood: str) -> None:
    """Round trees, a lawn with flowers, a winding path."""
    scenery.sky(canvas, 110, mood)
    scenery.sun_or_clouds(canvas, rng, 80, mood)
    grass = mix((112, 186, 84), (82, 156, 74), rng.random())
    canvas.fill(scenery.hill(rng, 108, 6), darker(grass, 0.25))
    for _ in range(5):
        scenery.tree(canvas, rng, rng.uniform(0, SIZE), rng.uniform(112, 122))
    canvas.fill(scenery.hill(rng, 118, 3), grass)
    left = rng.uniform(20, 150)
    path = [(left + 40, 119), (left + 48, 119), (left + 30, 150), (left + 80, SIZE)]
    canvas.fill([*path, (left - 20, SIZE), (left + 4, 150)], (228, 208, 164))
    for _ in range(26):
        x, y = rng.uniform(0, SIZE), rng.uniform(128, SIZE)
        tone = rng.choice(["red", "yellow", "white", "pink"])
        canvas.fill(ellipse(x, y, 1.8, 1.5), NAMED[tone])
    scenery.light(canvas, mood)


def mountain(canvas: Canvas, rng: Random, mood: str) -> None:
    """Snowy peaks, firs, snow on the ground and in the air."""
    scenery.sky(canvas, 130, mood)
    for _ in range(4):
        scenery.peak(canvas, rng.uniform(0, SIZE), rng.uniform(22, 64), rng.uniform(50, 80))
    snow = (240, 246, 252)
    canvas.fill(scenery.hill(rng, 120, 8), (206, 222, 240))
    for _ in range(8):
        scenery.fir(canvas, rng.uniform(0, SIZE), rng.uniform(124, 138), rng.uniform(28, 50))
    canvas.fill(scenery.hill(rng, 138, 6), snow)
    canvas.fill(scenery.hill(rng, 184, 8), WHITE)
    scenery.light(canvas, mood)
    for _ in range(45):
        x, y, radius = rng.uniform(0, SIZE), rng.uniform(0, SIZE), rng.uniform(0.7, 1.7)
        canvas.fill(ellipse(x, y, radius, radius), WHITE, 0.95)


def farm(canvas: Canvas, rng: Random, mood: str) -> None:
    """A barn, golden fields in furrows, a fence."""
    scenery.sky(canvas, 112, mood)
    scenery.sun_or_clouds(canvas, rng, 70, mood)
    field = mix((228, 190, 84), (206, 160, 70), rng.random())
    canvas.fill(scenery.hill(rng, 100, 6), (148, 168, 84))
    x = rng.uniform(36, 188)
    barn(Pen(canvas, x, 118, rng.uniform(58, 72), owner=0), (176, 52, 44))
    canvas.fill(scenery.hill(rng, 114, 3), field)
    for step in range(-8, 17):
        far, near = step * 7 + 112, step * 32 + 16
        furrow = [(far - 1, 118), (far + 1, 118), (near + 5, SIZE), (near - 5, SIZE)]
        canvas.fill(furrow, darker(field, 0.14))
    for x in range(-6, SIZE, 22):
        canvas.fill(rectangle(x, 116, x + 4, 140), (150, 106, 70))
    for y in (121, 130):
        canvas.fill(rectangle(0, y, SIZE, y + 3), (172, 126, 84))
    scenery.light(canvas, mood)


def living_room(canvas: Canvas, rng: Random, mood: str) -> None:
    """Papered wall with framed images and a curtained window, floorboards, a rug."""
    paper = rng.choice([(206, 188, 214), (226, 206, 178), (178, 198, 186), (222, 184, 176)])
    canvas.gradient(0, 146, lighter(paper, 0.1), paper)
    for x in range(-4, SIZE, 18):
        canvas.fill(rectangle(x, 0, x + 7, 146), lighter(paper, 0.22))
    window_x, images_x = rng.choice([(18, 124), (130, 16)])
    scenery.window(canvas, window_x, mood)
    for step in range(2):
        scenery.framed_image(
            canvas, rng, images_x + step * 40 + rng.uniform(0, 6), rng.uniform(20, 50)
        )
    _floor_with_rug(canvas, rng)
    scenery.light(canvas, mood)


def _floor_with_rug(canvas: Canvas, rng: Random) -> None:
    canvas.fill(rectangle(0, 142, SIZE, 149), WHITE)
    floor = mix((168, 116, 74), (124, 82, 56), rng.random())
    canvas.gradient(149, SIZE, floor, darker(floor, 0.15))
    for step in range(-6, 15):
        x = step * 26
        gap = [(x, 149), (x + 1, 149), (x * 1.4 - 44, SIZE), (x * 1.4 - 46, SIZE)]
        canvas.fill(gap, darker(floor, 0.3))
    rug = NAMED[rng.choice(["red", "blue", "purple", "green"])]
    for share in (1.0, 0.86, 0.7):
        tone = mix(rug, (240, 226, 200), 0.6 if share == 0.86 else 0.15)
        canvas.fill(ellipse(112, 192, 96 * share, 26 * share), tone)


def campsite(canvas: Canvas, rng: Random, mood: str) -> None:
    """Night: moon and stars above a black line of firs, a clearing."""
    scenery.night(canvas, rng, 140, mood)
    for row, tone in ((126, (26, 36, 62)), (140, (16, 26, 40))):
        canvas.fill(rectangle(0, row - 16, SIZE, row), tone)
        x = -6.0
        while x < SIZE + 10:
            scenery.fir(canvas, x, row, rng.uniform(34, 62), tone)
            x += rng.uniform(10, 22)
    canvas.fill(scenery.hill(rng, 136, 4), (44, 70, 56))
    canvas.gradient(142, SIZE, (44, 70, 56), (64, 88, 60))
    for _ in range(40):
        x, y = rng.uniform(0, SIZE), rng.uniform(146, SIZE)
        canvas.fill([(x - 2, y), (x - 1, y - 5), (x, y), (x + 2, y - 6), (x + 3, y)], (48, 74, 54))


_PAINTERS = (beach, city, kitchen, park, mountain, farm, living_room, campsite)
BACKDROPS = {painter.__name__.replace("_", " "): painter for painter in _PAINTERS}
