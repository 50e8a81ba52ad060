"""Precomputed regions of one image, and their checks, for all formats."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from pipeline.files import file_hash

Array = npt.NDArray[Any]
Size = tuple[int, int]

# Relative error of the aspect ratio where an image was scaled down.
_RATIO_TOLERANCE = 0.03
# How far a box may exceed its image, relative to the side: extractors round differently.
_BOX_TOLERANCE = 0.01
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class ImageRegions:
    """The regions of one image, in the file's order.

    features: (R, D) float32. boxes: (R, 4) float32, xyxy in pixels of an image of `size`. size:
    height and width. boxes and size may be unknown.
    """

    features: Array
    boxes: Array | None = None
    size: Size | None = None


def checked(
    place: str, features: Array, boxes: Array | None, size: Size | None, width: int
) -> ImageRegions:
    """Regions of consistent shapes, whose values are finite as float16 too.

    Raises:
        UserError: shapes or values are wrong; the message begins with `place`.
    """
    if size is not None and min(size) < 1:
        raise UserError(f"{place}: the image's height and width are {size}")
    if features.ndim != 2 or features.shape[1] != width or not len(features):
        raise UserError(f"{place}: features have shape {features.shape}, expected (R, {width})")
    if features.dtype.kind != "f" or not (np.abs(features) <= _LARGEST).all():
        raise UserError(f"{place}: features must be finite numbers of at most {_LARGEST:.0f}")
    if boxes is not None:
        _check_boxes(place, boxes, len(features))
        boxes = boxes.astype(np.float32)
    return ImageRegions(features.astype(np.float32), boxes, size)


def _check_boxes(place: str, boxes: Array, count: int) -> None:
    if boxes.shape != (count, 4):
        raise UserError(f"{place}: boxes have shape {boxes.shape}, expected ({count}, 4)")
    if boxes.dtype.kind not in "fiu" or not np.isfinite(boxes).all():
        raise UserError(f"{place}: boxes are no finite numbers")
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise UserError(f"{place}: boxes are not x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")


def check_fit(found: ImageRegions, size: Size) -> None:
    """Check that regions can be those of an image of this height and width.

    Raises:
        UserError: the aspect ratio differs, or a box lies outside.
    """
    height, width = found.size or size
    if abs((width / height) / (size[1] / size[0]) - 1) > _RATIO_TOLERANCE:
        raise UserError(
            f"it is {size[1]} x {size[0]}, but its regions are of an image of {width} x {height}"
            " (width x height); is it the same one?"
        )
    if found.boxes is None:
        return
    slack = np.array([width, height] * 2) * _BOX_TOLERANCE + 1
    if (found.boxes < -slack).any() or (found.boxes > np.array([width, height] * 2) + slack).any():
        raise UserError(f"boxes exceed the image of {width} x {height} (width x height)")


def files_digest(files: Iterable[Path]) -> str:
    """The sha256 of the names and bytes of several files, in any order."""
    lines = sorted(f"{path.name} {file_hash(path)}" for path in files)
    return sha256("\n".join(lines).encode()).hexdigest()
