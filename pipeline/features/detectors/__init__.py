"""Object detectors by name, one module per backend."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL.Image import Image
from torch import Tensor

from pipeline.errors import UserError
from pipeline.features.detectors.base import Detections, Selection

# Each module has `load(weights: Path | None) -> Detector`. Only the chosen one is imported.
_BACKENDS = {
    "fasterrcnn_lite": "pipeline.features.detectors.lite",
    "fasterrcnn_resnet50_fpn": "pipeline.features.detectors.torchvision",
}


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
    if name not in _BACKENDS:
        raise UserError(f"detector = {name!r}; allowed: {', '.join(_BACKENDS)}")
    detector: Detector = import_module(_BACKENDS[name]).load(weights)
    return detector
