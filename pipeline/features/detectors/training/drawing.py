"""Photos with the detector's boxes and class names on them, to look at."""

import colorsys
from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import draw_bounding_boxes, make_grid

from pipeline.features.detectors.base import Detections

_MIN_SCORE = 0.3
_COLUMNS = 4
_ENLARGED = 2


def draw_photos(
    images: Tensor, detections: Sequence[Detections], classes: Sequence[str]
) -> Image.Image:
    """A grid of the images (B, 3, S, S) in 0..1 with the regions above a score of 0.3."""
    drawn = [_draw(image, d, classes) for image, d in zip(images, detections, strict=True)]
    picture: Image.Image = to_pil_image(make_grid(torch.stack(drawn), nrow=_COLUMNS))
    return picture


def _draw(image: Tensor, detected: Detections, classes: Sequence[str]) -> Tensor:
    shown = detected.scores > _MIN_SCORE
    names = [classes[c] for c in detected.classes[shown].tolist()]
    labels = [f"{n} {s:.2f}" for n, s in zip(names, detected.scores[shown].tolist(), strict=True)]
    colors = [_color(c) for c in detected.classes[shown].tolist()]
    size = [side * _ENLARGED for side in image.shape[1:]]
    enlarged = torch.nn.functional.interpolate(image[None], size, mode="bilinear")[0]
    pixels = (enlarged * 255).to(torch.uint8)
    boxes = detected.boxes[shown] * _ENLARGED
    if not len(boxes):
        return pixels
    drawn: Tensor = draw_bounding_boxes(pixels, boxes, labels, colors, width=2)
    return drawn


def _color(class_index: int) -> tuple[int, int, int]:
    # Steps of the golden ratio around the colour circle keep neighbouring classes apart.
    red, green, blue = colorsys.hsv_to_rgb(class_index * 0.618 % 1.0, 0.9, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)
