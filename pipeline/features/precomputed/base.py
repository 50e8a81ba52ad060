"""What a file or folder of precomputed regions is, whatever its format."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from pipeline.files import file_hash

Array = npt.NDArray[Any]
Size = tuple[int, int]

# How much the sides' ratio may be off where a picture was made smaller.
_RATIO_TOLERANCE = 0.03
# How far a box may leave its picture, as a share of the side: extractors round differently.
_BOX_TOLERANCE = 0.01
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class FoundRegions:
    """The regions of one picture, in the file's order.

    features: (R, D) float32. boxes: (R, 4) float32, xyxy in pixels of a picture of `size` (height,
    width); either may be unknown.
    """

    features: Array
    boxes: Array | None = None
    size: Size | None = None


class RegionSource(Protocol):
    """Regions by id.

    format: in a word. ids: of all pictures. feature_dim: D. digest: of all that `read` reads.
    """

    format: str
    feature_dim: int
    digest: str

    @property
    def ids(self) -> Iterable[str]: ...

    def read(self, id: str) -> FoundRegions:
        """The regions of one picture; thread-safe.

        Raises:
            UserError: the row is damaged; names file and id.
        """


def checked(
    place: str, features: Array, boxes: Array | None, size: Size | None, width: int
) -> FoundRegions:
    """Regions whose shapes fit each other and whose values are finite, also as float16.

    Raises:
        UserError: they do not; begins with `place`.
    """
    if size is not None and min(size) < 1:
        raise UserError(f"{place}: the picture's height and width are {size}")
    if features.ndim != 2 or features.shape[1] != width or not len(features):
        raise UserError(f"{place}: features have shape {features.shape}, expected (R, {width})")
    if features.dtype.kind != "f" or not (np.abs(features) <= _LARGEST).all():
        raise UserError(f"{place}: features are no finite numbers of at most {_LARGEST:.0f}")
    if boxes is not None:
        if boxes.shape != (len(features), 4):
            raise UserError(
                f"{place}: boxes have shape {boxes.shape}, expected ({len(features)}, 4)"
            )
        if not np.isfinite(boxes).all() or (boxes[:, 2:] < boxes[:, :2]).any():
            raise UserError(f"{place}: boxes are not x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
        boxes = boxes.astype(np.float32)
    return FoundRegions(features.astype(np.float32), boxes, size)


def require_fit(found: FoundRegions, size: Size) -> None:
    """Stop where regions are of another picture than one of this height and width.

    Raises:
        UserError: the proportions are others, or a box lies outside.
    """
    height, width = found.size or size
    if abs((width / height) / (size[1] / size[0]) - 1) > _RATIO_TOLERANCE:
        raise UserError(
            f"it is {size[1]} x {size[0]}, but its regions are of a picture of {width} x {height}"
            " (width x height); is it the same one?"
        )
    if found.boxes is None:
        return
    slack = np.array([width, height] * 2) * _BOX_TOLERANCE + 1
    if (found.boxes < -slack).any() or (found.boxes > np.array([width, height] * 2) + slack).any():
        raise UserError(f"boxes leave the picture of {width} x {height} (width x height)")


def files_digest(files: Iterable[Path]) -> str:
    """One sha256 for the names and bytes of several files, in any order."""
    lines = sorted(f"{path.name} {file_hash(path)}" for path in files)
    return sha256("\n".join(lines).encode()).hexdigest()
