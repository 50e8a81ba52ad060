"""Agreement of the detector's regions with the teacher's boxes on held-out images."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou
from tqdm import tqdm

from pipeline.core.device import worker_threads
from pipeline.detector_training.dataset import LabelledImages, Target
from pipeline.encoders.detectors.base import Detections
from pipeline.encoders.detectors.lite import FasterRCNNLite

T = TypeVar("T")

MIN_TEACHER_SCORE = 0.5
MIN_OVERLAP = 0.5
_BATCH = 8


@dataclass(frozen=True)
class Agreement:
    """Counts over the teacher's boxes above MIN_TEACHER_SCORE.

    covered: some region overlaps the box by more than MIN_OVERLAP (intersection over union).
    same_class: the region that overlaps a covered box most has its class.
    found: some region that covers the box has its class.
    """

    boxes: int
    covered: int
    same_class: int
    found: int

    def figures(self) -> dict[str, float]:
        """Coverage of all boxes, class agreement on the covered ones, and both together."""
        return {
            "boxes": self.boxes,
            "coverage": self.covered / max(self.boxes, 1),
            "class_agreement": self.same_class / max(self.covered, 1),
            "found_with_class": self.found / max(self.boxes, 1),
        }


def detect_rows(
    model: FasterRCNNLite, dataset: LabelledImages, rows: NDArray[np.int64]
) -> Iterator[Detections]:
    """The regions of each of the given images."""
    for detections in in_batches(lambda batch: model.detect(dataset.images(batch)), rows, "detect"):
        yield from detections


def in_batches(
    function: Callable[[NDArray[np.int64]], T], rows: NDArray[np.int64], title: str
) -> Iterator[T]:
    """The function's results on batches of the rows, in order, with a progress bar."""
    batches = [rows[first : first + _BATCH] for first in range(0, len(rows), _BATCH)]
    with worker_threads(torch.get_num_threads()) as pool:
        yield from tqdm(pool.map(function, batches), title, len(batches), mininterval=10)


def agreement(detections: Iterable[Detections], targets: Iterable[Target]) -> Agreement:
    """Counts over images; `targets` hold the teacher's boxes in the detector's input pixels."""
    counts = np.zeros(4, np.int64)
    for detected, target in zip(detections, targets, strict=True):
        counts += _count(detected, target)
    return Agreement(*(int(n) for n in counts))


def _count(detected: Detections, target: Target) -> NDArray[np.int64]:
    boxes = len(target["boxes"])
    if boxes == 0 or not detected.mask.any():
        return np.array([boxes, 0, 0, 0])
    overlaps = box_iou(target["boxes"], detected.boxes[detected.mask])  # K x R
    classes = detected.classes[detected.mask]  # R
    best, index = overlaps.max(1)
    covered = best > MIN_OVERLAP
    same_class = covered & (classes[index] == target["labels"])
    right = (overlaps > MIN_OVERLAP) & (classes[None] == target["labels"][:, None])
    found = right.any(1)
    return np.array([boxes, int(covered.sum()), int(same_class.sum()), int(found.sum())])
