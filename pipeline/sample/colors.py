"""Colours, and their names in captions and texts."""

Color = tuple[int, int, int]  # red, green, blue, 0 to 255

NAMED: dict[str, Color] = {
    "red": (209, 52, 48),
    "orange": (240, 138, 36),
    "yellow": (248, 204, 54),
    "green": (62, 150, 82),
    "blue": (46, 105, 200),
    "purple": (126, 74, 172),
    "pink": (240, 128, 172),
    "white": (244, 243, 238),
    "brown": (136, 88, 52),
    "black": (52, 50, 56),
    "grey": (148, 152, 160),
}

WHITE: Color = (250, 250, 246)
INK: Color = (38, 36, 42)


def mix(first: Color, second: Color, share: float) -> Color:
    """`first` with `share` (0 to 1) of `second` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def darker(color: Color, share: float = 0.25) -> Color:
    """The colour, shaded by `share`."""
    return mix(color, (20, 20, 40), share)


def lighter(color: Color, share: float = 0.3) -> Color:
    """The colour, lightened by `share`."""
    return mix(color, (255, 255, 255), share)
