"""Object detectors by name, one module per backend."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL.Image import Image
from torch import Tensor

from pipeline.encoders.detectors.base import DetectedBatch, Selection
from pipeline.errors import UserError
from pipeline.params.project import DETECTORS, DETECTRON2

Size = tuple[int, int]


@dataclass(frozen=True)
class Prepared:
    """An image as a detector takes it.

    pixels: (3, H, W). size: height and width of the image within them, the rest of which, right and
    below, is padding.
    """

    pixels: Tensor
    size: Size


class Detector(Protocol):
    """Finds a fixed number of regions in images."""

    @property
    def class_names(self) -> Sequence[str]:
        """By class index; index 0 is the background."""

    @property
    def feature_dim(self) -> int:
        """Width of a region's feature."""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that changes values, JSON-able, with the weights' sha256 and the revision."""

    @property
    def arithmetic(self) -> dict[str, Any]:
        """What depends on the device and changes values, beyond pipeline.core.device.arithmetic."""

    def to(self, device: torch.device) -> None:
        """Move the model."""

    def compile_trunk(self) -> None:
        """Compile the trunk at its first run, for pixels of one shape only."""

    def prepare(self, image: Image) -> Prepared:
        """Resize and normalise an RGB image; thread-safe."""

    def detect(
        self, pixels: Tensor, sizes: Sequence[Size], regions: int, select: Selection
    ) -> DetectedBatch:
        """The regions of images of these sizes in pixels (B, 3, H, W); boxes are in their pixels.

        An image's regions do not depend on the others of the batch.
        """


def load_detector(name: str, weights: Path | None = None) -> Detector:
    """A detector on the CPU, with its own weights or those of a local file.

    Raises:
        UserError: there is no such detector, or its weights are missing.
    """
    # Imported only when chosen: a backend may be large, or need a package that is not installed.
    if name in DETECTORS:
        detector: Detector = import_module(f".{DETECTORS[name]}", __package__).load(name, weights)
        return detector
    if not name.startswith(DETECTRON2):
        raise UserError(
            f"detector = {name!r}; allowed: {', '.join(DETECTORS)}, {DETECTRON2}<configuration>"
        )
    return _load_detectron2(name.removeprefix(DETECTRON2), weights)


def _load_detectron2(name: str, weights: Path | None) -> Detector:
    try:
        from pipeline.encoders.detectors.detectron2 import detector as detectron2
    except ModuleNotFoundError as error:
        raise UserError(
            f"detectron2 cannot be used: {error}. It is installed by"
            " `pip install --no-build-isolation -r requirements-detectron2.txt`"
        ) from None
    return detectron2.load(name, weights)
