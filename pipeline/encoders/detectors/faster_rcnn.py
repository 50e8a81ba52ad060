"""Regions from a Faster R-CNN of torchvision."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.image_list import ImageList

from pipeline.core.device import heads_precision, takes_batches, trunk_layout, trunk_precision
from pipeline.encoders.detectors import Prepared, Size
from pipeline.encoders.detectors.base import DetectedBatch, Detections, Selection, find_regions
from pipeline.encoders.detectors.batched.model import BatchedFasterRCNN, Describe, describe_grids

Levels = dict[str, Tensor]


class FasterRCNNDetector:
    """A torchvision Faster R-CNN as a `Detector`.

    prepare: resizes an image. Where it is to take batches, the pixels are uint8 on a canvas, see
    `canvas_of`, else float32 and normalised. settings: what in `prepare` and the weights changes
    values. describe: the box head that the batches take.
    """

    def __init__(
        self,
        model: FasterRCNN,
        class_names: Sequence[str],
        nms_threshold: float,
        prepare: Callable[[Image, bool], Prepared],
        settings: dict[str, Any],
        describe: Describe = describe_grids,
    ) -> None:
        self.class_names = class_names
        self.arithmetic: dict[str, Any] = {}
        self._prepare, self._describe = prepare, describe
        self._batched: BatchedFasterRCNN | None = None
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
        """Move the model. On a GPU it takes whole batches from then on, see `BatchedFasterRCNN`."""
        self._model.to(device, memory_format=trunk_layout(device))
        if takes_batches(device):
            self._batched = BatchedFasterRCNN(self._model, self._describe, heads_precision(device))
            self.arithmetic = self._batched.arithmetic

    def compile_trunk(self) -> None:
        self._model.backbone.compile(dynamic=False)

    def prepare(self, image: Image) -> Prepared:
        return self._prepare(image, self._batched is not None)

    def detect(
        self, pixels: Tensor, sizes: Sequence[Size], regions: int, select: Selection
    ) -> DetectedBatch:
        threshold = self._nms_threshold
        if self._batched:
            return self._batched.detect(pixels, sizes, regions, threshold, select)
        found = detect_regions(self._model, pixels, sizes, regions, threshold, select)
        return DetectedBatch.of(found)


def detect_regions(
    model: FasterRCNN,
    images: Tensor,
    sizes: Sequence[Size],
    regions: int,
    nms_threshold: float,
    select: Selection = "top_conf",
) -> list[Detections]:
    """Find the best regions of images (B, 3, H, W), resized and normalised for the model.

    sizes: height and width of each image within H x W; boxes are in its pixels. The second stage
    sees one image after the other, which on a CPU costs nothing. An image's result does not depend
    on its batch. On a GPU the trunk computes in bfloat16, boxes in float32.
    """
    with trunk_precision(images.device):
        levels: Levels = model.backbone(images)
    levels = {name: x.float() for name, x in levels.items()}
    proposals, _ = model.rpn(ImageList(images, list(sizes)), levels)
    padded_size = (images.shape[2], images.shape[3])
    found = []
    for i, (boxes, size) in enumerate(zip(proposals, sizes, strict=True)):
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
        self.width: int = model.roi_heads.box_predictor.cls_score.in_features

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
