"""A grid of images with the detector's boxes and class names."""

import colorsys
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torchvision.ops import nms
from torchvision.transforms.functional import to_pil_image

from pipeline.encoders.detectors.base import Detections

_MIN_SCORE = 0.4
_MAX_OVERLAP = 0.4  # less than in the regions themselves, or names would hide each other
_COLUMNS = 4
_ENLARGED = 1.5


def draw_images(
    images: Tensor, detections: Sequence[Detections], classes: Sequence[str]
) -> Image.Image:
    """A grid of the images (B, 3, S, S) in 0..1 with their surest, least overlapping regions."""
    side = round(images.shape[-1] * _ENLARGED)
    rows = -(-len(images) // _COLUMNS)
    grid = Image.new("RGB", (_COLUMNS * side, rows * side), "white")
    for i, (image, detected) in enumerate(zip(images, detections, strict=True)):
        tile = to_pil_image(image).resize((side, side), Image.Resampling.BILINEAR)
        _draw(tile, detected, classes)
        grid.paste(tile, (i % _COLUMNS * side, i // _COLUMNS * side))
    return grid


def _draw(tile: Image.Image, detected: Detections, classes: Sequence[str]) -> None:
    pen, font = ImageDraw.Draw(tile), ImageFont.load_default(13)
    for i in reversed(nms(detected.boxes, detected.scores, _MAX_OVERLAP).tolist()):
        if detected.scores[i] > _MIN_SCORE:
            x1, y1, x2, y2 = (detected.boxes[i] * _ENLARGED).tolist()
            index = int(detected.classes[i])
            name = f"{classes[index]} {float(detected.scores[i]):.2f}"
            pen.rectangle((x1, y1, x2, y2), outline=_color(index), width=2)
            pen.rectangle(pen.textbbox((x1 + 3, y1 + 2), name, font), fill=_color(index))
            pen.text((x1 + 3, y1 + 2), name, "black", font)


def _color(class_index: int) -> tuple[int, int, int]:
    # Steps of the golden ratio around the colour circle keep neighbouring classes apart.
    red, green, blue = colorsys.hsv_to_rgb(class_index * 0.618 % 1.0, 0.6, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)
