"""The canvas that an image is padded to on a GPU, so that images of like size share a batch."""

Size = tuple[int, int]

# The maps have strides up to 32; pooling halves the last once more.
DIVISOR = 32
MAX_AREA = 1.25
# A fifth apart. Of an image resized as torchvision does, one side is nearly always 800 or 1333, so
# that the other alone costs padding.
_SIDES = (32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 544, 672, 800, 960, 1152, 1344)
_LARGE = 192
_MEDIUM = 64


def canvas_of(size: Size) -> Size:
    """Height and width of the canvas of an image of this size, which nothing else decides.

    Both are multiples of 32, and the area is at most 1.25 times the image's, or else the least that
    multiples of 32 can hold it in.
    """
    for sides in ((_side(x) for x in size), (_up(x, _MEDIUM) for x in size)):
        height, width = sides
        if height * width <= MAX_AREA * size[0] * size[1]:
            return height, width
    return _up(size[0], DIVISOR), _up(size[1], DIVISOR)


def _side(length: int) -> int:
    return next((side for side in _SIDES if side >= length), _up(length, _LARGE))


def _up(length: int, step: int) -> int:
    return -(-length // step) * step
