"""Detections, and the selection of a fixed number of regions from a detector's proposals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Literal, Protocol

import torch
from torch import Tensor
from torchvision.ops import clip_boxes_to_image, nms

Selection = Literal["top_conf", "rpn_order"]


@dataclass(frozen=True)
class Detections:
    """The regions of one image, best first; rows without a region are zero and masked out.

    features: (R, D) float32, fc7 of the final box.
    boxes: (R, 4) float32, x1 y1 x2 y2 in pixels of the detector's input.
    scores: (R,) float32 in 0..1. classes: (R,) int64, indices into the detector's class names.
    mask: (R,) bool, true where the row is a region.
    """

    features: Tensor
    boxes: Tensor
    scores: Tensor
    classes: Tensor
    mask: Tensor


@dataclass(frozen=True)
class DetectedBatch:
    """The regions of a batch of images: a sequence of `Detections`, as (B, ...) tensors."""

    features: Tensor
    boxes: Tensor
    scores: Tensor
    classes: Tensor
    mask: Tensor

    @classmethod
    def of(cls, images: Sequence[Detections]) -> "DetectedBatch":
        return cls(*(torch.stack([getattr(x, f.name) for x in images]) for f in fields(cls)))

    def __len__(self) -> int:
        return len(self.mask)

    def __iter__(self) -> Iterator[Detections]:
        arrays = (getattr(self, f.name) for f in fields(self))
        return map(Detections, *arrays)

    def __getitem__(self, image: int) -> Detections:
        return list(self)[image]


class BoxHead(Protocol):
    """The second stage of a detector on one image's feature maps."""

    @property
    def width(self) -> int:
        """D, of a feature."""

    def features(self, boxes: Tensor) -> Tensor:
        """Boxes (N, 4) to features (N, D)."""

    def classify(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Probability and index of the likeliest class that is not background: (N,), (N,)."""

    def refine(self, features: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
        """The boxes after the head's regression for their class: (N, 4)."""


def find_regions(
    head: BoxHead,
    proposals: Tensor,
    size: tuple[int, int],
    regions: int,
    nms_threshold: float,
    select: Selection,
) -> Detections:
    """The best of one image's proposals (N, 4), refined and within `size` (height, width).

    An image without proposals, or whose boxes are all empty, has only rows that are masked out.
    """
    if not len(proposals):  # not every head takes none
        return no_regions(head.width, regions, proposals.device)
    features = head.features(proposals)  # N x D
    scores, classes = head.classify(features)
    boxes = clip_boxes_to_image(head.refine(features, classes, proposals), size)  # N x 4
    chosen = boxes[select_regions(boxes, scores, regions, nms_threshold, select)]  # K x 4
    if not len(chosen):
        return no_regions(head.width, regions, proposals.device)
    # The head runs again so that feature, score and class all belong to the final box.
    features = head.features(chosen)  # K x D
    scores, classes = head.classify(features)
    return sort_and_pad(features, chosen, scores, classes, regions)


def select_regions(
    boxes: Tensor,
    scores: Tensor,
    regions: int,
    nms_threshold: float,
    select: Selection = "top_conf",
) -> Tensor:
    """Select the rows of one image's candidates that become its regions.

    boxes: (N, 4) xyxy, in the proposal network's order. scores: (N,), of the likeliest class.

    Suppression is class-agnostic: overlapping boxes of different classes describe the same pixels,
    which a downstream head need not see twice. `top_conf` keeps the most confident survivors;
    `rpn_order` keeps the candidates' order, also while suppressing. Where fewer than `regions`
    survive, the best suppressed candidates fill up. Empty boxes are never selected.

    Returns (K,) int64 indices, K <= regions, survivors first.
    """
    real = torch.nonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))[:, 0]
    order = real[_descending(boxes[real], scores[real])] if select == "top_conf" else real
    # nms ranks by score; descending ranks make it follow the order decided above.
    ranks = torch.arange(len(order), 0, -1, dtype=boxes.dtype, device=boxes.device)
    kept = nms(boxes[order], ranks, nms_threshold)
    suppressed = torch.ones(len(order), dtype=torch.bool, device=boxes.device)
    suppressed[kept] = False
    filled = torch.cat([kept, torch.nonzero(suppressed)[:, 0]])
    return order[filled[:regions]]


def sort_and_pad(
    features: Tensor, boxes: Tensor, scores: Tensor, classes: Tensor, regions: int
) -> Detections:
    """Order K <= regions rows by falling score (ties: area, then x1) and pad them with zeros."""
    order = _descending(boxes, scores)
    mask = torch.zeros(regions, dtype=torch.bool, device=boxes.device)
    mask[: len(order)] = True
    return Detections(
        features=_padded(features[order].float(), regions),
        boxes=_padded(boxes[order].float(), regions),
        scores=_padded(scores[order].float(), regions),
        classes=_padded(classes[order].long(), regions),
        mask=mask,
    )


def no_regions(width: int, regions: int, device: torch.device) -> Detections:
    """The rows of an image without a region; width: of a feature."""
    return Detections(
        features=torch.zeros(regions, width, device=device),
        boxes=torch.zeros(regions, 4, device=device),
        scores=torch.zeros(regions, device=device),
        classes=torch.zeros(regions, dtype=torch.long, device=device),
        mask=torch.zeros(regions, dtype=torch.bool, device=device),
    )


def _descending(boxes: Tensor, scores: Tensor) -> Tensor:
    """Order by falling score, ties by falling area, then by rising x1, then as they came."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = torch.arange(len(boxes), device=boxes.device)
    for key in (boxes[:, 0], -areas, -scores):  # the last one decides first
        order = order[torch.argsort(key[order], stable=True)]
    return order


def _padded(rows: Tensor, length: int) -> Tensor:
    return torch.cat([rows, rows.new_zeros((length - len(rows), *rows.shape[1:]))])
