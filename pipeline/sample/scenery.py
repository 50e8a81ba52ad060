"""Parts of the backdrops, in pixels of the image."""

from itertools import pairwise
from random import Random

from pipeline.sample.canvas import SIZE, Canvas, Point, ellipse, rectangle
from pipeline.sample.colors import NAMED, WHITE, Color, darker, lighter, mix

# The light of each mood: upper sky, lower sky.
_SKIES: dict[str, tuple[Color, Color]] = {
    "cheerful": ((78, 160, 230), (196, 228, 246)),
    "calm": ((112, 98, 176), (255, 186, 130)),
    "gloomy": ((112, 122, 136), (190, 196, 202)),
}
_NIGHTS: dict[str, tuple[Color, Color]] = {
    "cheerful": ((14, 18, 58), (60, 62, 130)),
    "calm": ((24, 16, 62), (130, 74, 128)),
    "gloomy": ((34, 40, 56), (84, 94, 112)),
}
_MOON: Color = (255, 246, 204)
_LIGHTS: dict[str, tuple[Color, float]] = {
    "cheerful": ((255, 255, 255), 0.0),
    "calm": ((255, 150, 60), 0.14),
    "gloomy": ((40, 50, 90), 0.2),
}


def sky(canvas: Canvas, horizon: float, mood: str) -> None:
    """A daylight sky, down to a little below the horizon."""
    canvas.gradient(0, horizon + 12, *_SKIES[mood])


def night(canvas: Canvas, rng: Random, horizon: float, mood: str) -> None:
    """A night sky with moon and stars, or with clouds if the mood is gloomy."""
    upper, lower = _NIGHTS[mood]
    canvas.gradient(0, horizon, upper, lower)
    if mood == "gloomy":
        clouds(canvas, rng, 5, mix(lower, WHITE, 0.12))
        return
    for _ in range(60):
        x, y, radius = rng.uniform(0, SIZE), rng.uniform(0, horizon - 30), rng.uniform(0.5, 1.3)
        canvas.fill(ellipse(x, y, radius, radius), (255, 250, 220))
    x, y = rng.uniform(24, 200), rng.uniform(20, 46)
    canvas.fill(ellipse(x, y, 24, 24), _MOON, 0.14)
    canvas.fill(ellipse(x, y, 14, 14), _MOON)
    canvas.fill(ellipse(x + 6, y - 4, 12, 12), mix(upper, lower, y / horizon))


def sun_or_clouds(canvas: Canvas, rng: Random, horizon: float, mood: str) -> None:
    """A high sun, a setting sun or clouds, by mood."""
    if mood != "gloomy":
        x = rng.uniform(24, 200)
        y = rng.uniform(20, 36) if mood == "cheerful" else horizon - 6
        canvas.fill(ellipse(x, y, 26, 26), (255, 240, 170), 0.25)
        canvas.fill(ellipse(x, y, 15, 15), (255, 232, 120))
    tone = WHITE if mood == "cheerful" else mix(_SKIES[mood][1], WHITE, 0.3)
    clouds(canvas, rng, {"cheerful": 2, "calm": 1, "gloomy": 5}[mood], tone)


def clouds(canvas: Canvas, rng: Random, count: int, tone: Color) -> None:
    """Clouds anywhere in the upper sky."""
    for _ in range(count):
        x, y, size = rng.uniform(0, SIZE), rng.uniform(12, 50), rng.uniform(9, 16)
        for dx, dy, share in ((-1.2, 0.2, 0.7), (0, -0.2, 1.0), (1.2, 0.1, 0.8), (0, 0.4, 1.0)):
            canvas.fill(ellipse(x + dx * size, y + dy * size, 1.3 * share * size, 0.6 * size), tone)


def light(canvas: Canvas, mood: str) -> None:
    """Tint everything drawn so far with the light of the mood."""
    canvas.tint(*_LIGHTS[mood])


def hill(rng: Random, top: float, swing: float) -> list[Point]:
    """The outline of everything below a gently rising and falling line."""
    heights = [top + rng.uniform(-swing, swing) / 2 for _ in range(5)]
    line: list[Point] = []
    for step, (left, right) in enumerate(pairwise(heights)):
        for part in range(8):
            share = part / 8
            ease = share * share * (3 - 2 * share)
            line.append(((step + share) * SIZE / 4, left + (right - left) * ease))
    return [*line, (SIZE, heights[-1]), (SIZE, SIZE), (0, SIZE)]


def tower(
    canvas: Canvas, rng: Random, x: float, top: float, width: float, tone: Color, windows: bool
) -> None:
    """A tall house, with or without rows of windows."""
    canvas.fill(rectangle(x, top, x + width, 136), tone)
    if not windows:
        return
    y = top + 7
    while y < 124:
        left = x + 5
        while left < x + width - 7:
            lit = rng.random() < 0.35
            glass = (255, 224, 140) if lit else darker(tone, 0.4)
            canvas.fill(rectangle(left, y, left + 4.5, y + 6), glass)
            left += 8.5
        y += 12


def shelf(canvas: Canvas, rng: Random) -> None:
    """A board with four jars."""
    x = rng.uniform(16, 120)
    canvas.fill(rectangle(x, 84, x + 84, 88), (150, 106, 70))
    for step in range(4):
        tone = NAMED[rng.choice(["white", "yellow", "green", "orange"])]
        left = x + 5 + step * 20
        canvas.fill(rectangle(left, 68, left + 13, 84, 3), mix(tone, WHITE, 0.35))
        canvas.fill(rectangle(left + 1, 64, left + 12, 69, 1), (120, 110, 104))


def tree(canvas: Canvas, rng: Random, x: float, foot: float) -> None:
    """A round tree."""
    size = rng.uniform(15, 24)
    leaves = mix((70, 140, 66), (36, 110, 70), rng.random())
    canvas.fill(rectangle(x - 2.5, foot - 2 * size, x + 2.5, foot + 4), (116, 82, 54))
    for dx, dy, share in ((-0.6, 1.7, 0.75), (0.6, 1.7, 0.75), (0, 2.2, 1.0)):
        canvas.fill(ellipse(x + dx * size, foot - dy * size, share * size, share * size), leaves)
    highlight = ellipse(x - 0.3 * size, foot - 2.5 * size, size * 0.5, size * 0.4)
    canvas.fill(highlight, lighter(leaves, 0.16))


def fir(canvas: Canvas, x: float, foot: float, height: float, tone: Color | None = None) -> None:
    """A fir; without a `tone` it is green and snowy."""
    green = tone or (44, 96, 84)
    for step in range(3):
        low, high = foot - height * 0.26 * step, foot - height * (0.52 + 0.24 * step)
        half = height * (0.3 - 0.06 * step)
        canvas.fill([(x - half, low), (x, high), (x + half, low)], green)
        if tone is None:
            left = (x - half * 0.45, high + height * 0.22)
            right = (x + half * 0.3, high + height * 0.14)
            canvas.fill([left, (x, high), right], WHITE)


def peak(canvas: Canvas, x: float, top: float, half: float) -> None:
    """A mountain with a cap of snow."""
    foot = 140
    canvas.fill([(x - half, foot), (x, top), (x + half, foot)], (124, 142, 176))
    canvas.fill([(x - half, foot), (x, top), (x - half * 0.1, foot)], (148, 166, 198))
    cap = 0.36
    low = top + (foot - top) * cap
    canvas.fill(
        [
            (x - half * cap, low),
            (x, top),
            (x + half * cap, low),
            (x + half * 0.18, low - 6),
            (x + half * 0.04, low + 5),
            (x - half * 0.16, low - 5),
        ],
        WHITE,
    )


def window(canvas: Canvas, x: float, mood: str) -> None:
    """A curtained window, the sky of the mood behind it."""
    upper, lower = _SKIES[mood]
    canvas.fill(rectangle(x, 22, x + 70, 108, 2), WHITE)
    canvas.fill(rectangle(x + 5, 27, x + 65, 103), mix(upper, lower, 0.5))
    canvas.fill(rectangle(x + 33, 27, x + 37, 103), WHITE)
    canvas.fill(rectangle(x + 5, 62, x + 65, 66), WHITE)
    for left, right, inner in ((x - 8, x + 10, x + 3), (x + 60, x + 78, x + 67)):
        outer, edge = (left, right) if left < x else (right, left)
        curtain = [(outer, 18), (edge, 18), (inner, 66), (edge, 118), (outer, 118)]
        canvas.fill(curtain, (172, 92, 92))
    canvas.fill(rectangle(x - 12, 15, x + 82, 19, 2), (110, 80, 60))


def framed_image(canvas: Canvas, rng: Random, x: float, y: float) -> None:
    """An abstract image in a frame."""
    width, height = rng.uniform(20, 34), rng.uniform(20, 30)
    canvas.fill(rectangle(x, y, x + width, y + height), (120, 86, 54))
    canvas.fill(rectangle(x + 3, y + 3, x + width - 3, y + height - 3), (236, 230, 214))
    tone = NAMED[rng.choice(["blue", "green", "orange", "red"])]
    canvas.fill(ellipse(x + width / 2, y + height / 2, width * 0.25, height * 0.22), tone)
