"""The regions of a batch of images: what pipeline/encoders/detectors/base.py does for one."""

from typing import Protocol

import torch
from torch import Tensor

from pipeline.encoders.detectors.base import DetectedBatch, Selection
from pipeline.encoders.detectors.batched.boxes import clipped, rows_at
from pipeline.encoders.detectors.batched.suppression import box_areas, keep_apart


class BatchHead(Protocol):
    """The second stage of a detector on the feature maps of a batch; see `BoxHead`."""

    def features(self, boxes: Tensor) -> Tensor:
        """Boxes (B, N, 4) to features (B, N, D)."""

    def classify(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Probability and index of the likeliest class that is not background, (B, N) each, and
        the head's regression for all classes, (B, N, C, 4)."""

    def refine(self, shifts: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
        """The boxes after the regression for their class: (B, N, 4)."""


def find_regions(
    head: BatchHead,
    proposals: Tensor,
    real: Tensor,
    sizes: Tensor,
    regions: int,
    nms_threshold: float,
    select: Selection,
) -> DetectedBatch:
    """The best of the proposals (B, N, 4) that are real (B, N), within sizes (B, 2)."""
    features = head.features(proposals)  # B x N x D
    scores, classes, shifts = head.classify(features)
    boxes = clipped(head.refine(shifts, classes, proposals), sizes)
    boxes, real = select_regions(boxes, scores, real, regions, nms_threshold, select)
    features = head.features(boxes)  # B x R x D
    scores, classes, _ = head.classify(features)
    return sort_regions(features, boxes, scores, classes, real)


def select_regions(
    boxes: Tensor,
    scores: Tensor,
    real: Tensor,
    regions: int,
    nms_threshold: float,
    select: Selection,
) -> tuple[Tensor, Tensor]:
    """`base.select_regions` for every image.

    Returns the chosen boxes (B, regions, 4), and which of them are any, (B, regions).
    """
    real = real & (boxes[..., 2:] > boxes[..., :2]).all(-1)
    if select == "top_conf":
        order = _descending(boxes, scores, real)
    else:
        order = torch.argsort((~real).byte(), dim=1, stable=True)
    boxes, real = rows_at(boxes, order), real.gather(1, order)
    kept = keep_apart(boxes, real, nms_threshold)
    # Survivors, then the suppressed, then what is no candidate; each in its order.
    order = torch.argsort(3 - real.byte() - kept.byte(), dim=1, stable=True)[:, :regions]
    return _filled(rows_at(boxes, order), regions), _filled(real.gather(1, order), regions)


def sort_regions(
    features: Tensor, boxes: Tensor, scores: Tensor, classes: Tensor, real: Tensor
) -> DetectedBatch:
    """`base.sort_and_pad` for every image: rows that are not real come last, and are zero."""
    order = _descending(boxes, scores, real)
    mask = real.gather(1, order)
    return DetectedBatch(
        features=rows_at(features, order) * mask[..., None],
        boxes=rows_at(boxes, order) * mask[..., None],
        scores=scores.gather(1, order) * mask,
        classes=classes.gather(1, order) * mask,
        mask=mask,
    )


def _descending(boxes: Tensor, scores: Tensor, real: Tensor) -> Tensor:
    """Order by falling score, ties by falling area, then by rising x1; (B, N)."""
    order = torch.argsort(boxes[..., 0], dim=1, stable=True)
    for key in (box_areas(boxes), scores.masked_fill(~real, -1)):  # the last one decides first
        ranks = torch.argsort(key.gather(1, order), dim=1, descending=True, stable=True)
        order = order.gather(1, ranks)
    return order


def _filled(rows: Tensor, length: int) -> Tensor:
    """Rows (B, K, ...) with zeros up to a length."""
    rest = length - rows.shape[1]
    if not rest:
        return rows
    return torch.cat([rows, rows.new_zeros((len(rows), rest, *rows.shape[2:]))], 1)
