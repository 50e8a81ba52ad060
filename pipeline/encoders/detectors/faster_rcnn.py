"""Regions from a Faster R-CNN of torchvision."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.image_list import ImageList

from pipeline.core.device import trunk_layout, trunk_precision
from pipeline.encoders.detectors import Prepared
from pipeline.encoders.detectors.base import Detections, Selection, find_regions

Size = tuple[int, int]
Levels = dict[str, Tensor]


class FasterRCNNDetector:
    """A torchvision Faster R-CNN as a `Detector`.

    prepare: see `Detector.prepare`. settings: what in `prepare` and the weights changes values.
    """

    def __init__(
        self,
        model: FasterRCNN,
        class_names: Sequence[str],
        nms_threshold: float,
        prepare: Callable[[Image], Prepared],
        settings: dict[str, Any],
    ) -> None:
        self.class_names = class_names
        self.prepare = prepare
        self.feature_dim: int = model.roi_heads.box_predictor.cls_score.in_features
        self._model = model.eval().requires_grad_(False)
        self._nms_threshold = nms_threshold
        self.settings = {
            **settings,
            "normalisation": [list(model.transform.image_mean), list(model.transform.image_std)],
            "nms_threshold": nms_threshold,
            "anchor_sizes": model.rpn.anchor_generator.sizes,
            "proposals": [model.rpn.pre_nms_top_n(), model.rpn.post_nms_top_n()],
            "proposal_nms_threshold": model.rpn.nms_thresh,
            "torchvision": version("torchvision").partition("+")[0],
        }

    def to(self, device: torch.device) -> None:
        self._model.to(device, memory_format=trunk_layout(device))

    def compile_trunk(self) -> None:
        self._model.backbone.compile(dynamic=False)

    def detect(
        self, pixels: Tensor, size: Size, regions: int, select: Selection
    ) -> list[Detections]:
        return detect_regions(self._model, pixels, size, regions, self._nms_threshold, select)


def detect_regions(
    model: FasterRCNN,
    images: Tensor,
    size: Size,
    regions: int,
    nms_threshold: float,
    select: Selection = "top_conf",
) -> list[Detections]:
    """Find the best regions of images (B, 3, H, W), resized and normalised for the model.

    size: height and width of the images within H x W; boxes are in its pixels. On a GPU the trunk
    computes in bfloat16, boxes in float32. An image's result does not depend on its batch.
    """
    with trunk_precision(images.device):
        levels: Levels = model.backbone(images)
    levels = {name: x.float() for name, x in levels.items()}
    proposals, _ = model.rpn(ImageList(images, [size] * len(images)), levels)
    padded_size = (images.shape[2], images.shape[3])
    found = []
    for i, boxes in enumerate(proposals):
        head = _BoxHead(model, {name: x[i : i + 1] for name, x in levels.items()}, padded_size)
        found.append(find_regions(head, boxes, size, regions, nms_threshold, select))
    return found


class _BoxHead:
    """torchvision's second stage as a `BoxHead`, on one image's feature maps."""

    def __init__(self, model: FasterRCNN, levels: Levels, padded_size: Size) -> None:
        self._heads = model.roi_heads
        self._levels = levels
        # The pooler keeps the scales of the first image it meets. Padded sizes are exact multiples
        # of the maps', so these are the same for all images.
        self._padded_size = padded_size

    def features(self, boxes: Tensor) -> Tensor:
        pooled = self._heads.box_roi_pool(self._levels, [boxes], [self._padded_size])
        fc7: Tensor = self._heads.box_head(pooled)
        return fc7

    def classify(self, fc7: Tensor) -> tuple[Tensor, Tensor]:
        probabilities = self._heads.box_predictor(fc7)[0].softmax(1)  # N x C
        scores, classes = probabilities[:, 1:].max(1)
        return scores, classes + 1

    def refine(self, fc7: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
        shifts = self._heads.box_predictor(fc7)[1].unflatten(1, (-1, 4))  # N x C x 4
        chosen = shifts[torch.arange(len(boxes), device=boxes.device), classes]  # N x 4
        refined: Tensor = self._heads.box_coder.decode(chosen, [boxes])[:, 0]
        return refined
