"""Object detectors by name, one module per backend."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL.Image import Image
from torch import Tensor

from pipeline.errors import UserError
from pipeline.features.detectors.base import Detections, Selection

DETECTORS = ("fasterrcnn_lite", "fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2")
# Goes before the name of a configuration.
DETECTRON2 = "detectron2:"


@dataclass(frozen=True)
class Prepared:
    """A picture as a detector's trunk takes it.

    pixels: (3, H, W) float32. size: height and width of the picture within them; what lies right
    and below is padding.
    """

    pixels: Tensor
    size: tuple[int, int]


class Detector(Protocol):
    """Finds a fixed number of regions in pictures."""

    @property
    def class_names(self) -> Sequence[str]:
        """By class index; index 0 is the background."""

    @property
    def feature_dim(self) -> int:
        """Width of a region's feature."""

    @property
    def settings(self) -> dict[str, Any]:
        """All that changes values, JSON-able, with the sha256 of the weights."""

    def to(self, device: torch.device) -> None:
        """Move the model."""

    def compile_trunk(self) -> None:
        """Have the trunk compiled when it first runs, for pixels of one shape only."""

    def prepare(self, image: Image) -> Prepared:
        """Resize and normalise an RGB picture; called by several threads."""

    def detect(
        self, pixels: Tensor, size: tuple[int, int], regions: int, select: Selection
    ) -> list[Detections]:
        """The regions of pixels (B, 3, H, W); boxes are in pixels of `size`."""


def load_detector(name: str, weights: Path | None = None) -> Detector:
    """A detector on the CPU, with its own weights or those of a local file.

    Raises:
        UserError: no such detector, or its weights cannot be had.
    """
    # Imported only when chosen: a backend may be large, or need what is not installed.
    if name == "fasterrcnn_lite":
        from pipeline.features.detectors import lite

        return lite.load(weights)
    if name.startswith("fasterrcnn_resnet50_fpn") and name in DETECTORS:
        from pipeline.features.detectors import torchvision

        return torchvision.load(name, weights)
    if name.startswith(DETECTRON2):
        return _load_detectron2(name.removeprefix(DETECTRON2), weights)
    raise UserError(
        f"detector = {name!r}; allowed: {', '.join(DETECTORS)}, {DETECTRON2}<configuration>"
    )


def _load_detectron2(configuration: str, weights: Path | None) -> Detector:
    try:
        from pipeline.features.detectors.detectron2 import detector
    except ModuleNotFoundError as error:
        raise UserError(
            f"detectron2 cannot be used: {error}. It is installed by"
            " `pip install --no-build-isolation -r requirements-detectron2.txt`"
        ) from None
    return detector.load(configuration, weights)
