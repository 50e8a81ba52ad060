"""The kinds of object: how each is painted, where it stands, and what it is called."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.corpus.sample import animals, furnishings, shelters, vehicles
from pipeline.corpus.sample.canvas import Pen
from pipeline.corpus.sample.colors import Color


@dataclass(frozen=True)
class Kind:
    """One kind of object. Lengths are in pixels of the picture, measured from its top."""

    name: str
    paint: Callable[[Pen, Color], None]
    colors: tuple[str, ...]  # names of colors.NAMED
    aspect: float  # width over height
    foot: tuple[float, float]  # the range in which it stands: far, near
    height: tuple[float, float]  # its height far and near
    tilt: float = 0.0  # at most, degrees


_VIVID = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
_FUR = ("brown", "black", "white", "orange", "grey")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("umbrella", furnishings.umbrella, _VIVID, 1.25, (158, 214), (74, 112), 8),
        Kind("boat", vehicles.boat, _VIVID, 1.1, (104, 128), (44, 74), 4),
        Kind("surfboard", furnishings.surfboard, _VIVID, 0.4, (166, 214), (66, 104), 8),
        Kind("car", vehicles.car, (*_VIVID, "white"), 2.3, (172, 214), (38, 58)),
        Kind("bus", vehicles.bus, _VIVID, 2.2, (166, 204), (58, 84)),
        Kind("bicycle", vehicles.bicycle, _VIVID, 1.65, (152, 212), (48, 78)),
        Kind("cup", furnishings.cup, (*_VIVID, "white"), 1.2, (168, 214), (52, 80)),
        Kind(
            "cake",
            furnishings.cake,
            ("pink", "white", "brown", "yellow"),
            1.3,
            (168, 214),
            (62, 96),
        ),
        Kind("teapot", furnishings.teapot, _VIVID, 1.6, (168, 214), (52, 78)),
        Kind("dog", animals.dog, ("brown", "black", "white", "grey"), 1.5, (150, 212), (46, 78)),
        Kind("kite", furnishings.kite, _VIVID, 0.6, (70, 112), (58, 92), 25),
        Kind(
            "bench", furnishings.bench, ("brown", "green", "red", "blue"), 1.9, (146, 196), (38, 62)
        ),
        Kind("snowman", animals.snowman, _VIVID, 0.95, (162, 216), (62, 112), 3),
        Kind("sled", vehicles.sled, ("red", "blue", "green", "yellow"), 2.3, (172, 214), (28, 44)),
        Kind("cabin", shelters.cabin, ("brown", "red", "orange"), 1.7, (144, 172), (58, 86)),
        Kind("cow", animals.cow, ("black", "brown"), 1.75, (156, 212), (46, 76)),
        Kind("sheep", animals.sheep, ("white", "grey", "black"), 1.4, (158, 212), (36, 62)),
        Kind(
            "tractor",
            vehicles.tractor,
            ("red", "green", "blue", "orange"),
            1.7,
            (150, 206),
            (54, 84),
        ),
        Kind("cat", animals.cat, _FUR, 0.95, (172, 216), (52, 80)),
        Kind("sofa", furnishings.sofa, _VIVID, 2.25, (160, 184), (52, 70)),
        Kind(
            "lamp",
            furnishings.lamp,
            ("red", "yellow", "green", "white", "orange"),
            0.55,
            (158, 196),
            (98, 136),
        ),
        Kind(
            "tent",
            shelters.tent,
            ("red", "orange", "yellow", "green", "blue"),
            1.85,
            (160, 206),
            (54, 84),
        ),
        Kind("campfire", shelters.campfire, ("red", "orange"), 1.2, (172, 214), (40, 66)),
        Kind("owl", animals.owl, ("brown", "grey", "white"), 0.75, (162, 214), (50, 80)),
    )
}
