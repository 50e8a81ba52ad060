"""Regions from a Faster R-CNN of detectron2, with an FPN or a C4 box head."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.data.transforms import ResizeShortestEdge
from detectron2.modeling import build_model
from detectron2.modeling.roi_heads import FastRCNNOutputLayers, Res5ROIHeads
from detectron2.structures import Boxes, ImageList
from PIL.Image import Image, Resampling
from torch import Tensor

from pipeline.core.device import revised, trunk_layout, trunk_precision
from pipeline.encoders.detectors import Prepared
from pipeline.encoders.detectors.base import DetectedBatch, Selection, find_regions
from pipeline.encoders.detectors.detectron2.caffe import use_caffe_layers
from pipeline.encoders.detectors.detectron2.configuration import (
    class_names,
    find_file,
    read_settings,
    relevant_settings,
)
from pipeline.encoders.detectors.detectron2.weights import fetch_zoo_weights, load_checkpoint
from pipeline.encoders.trunks.weights import file_sha256
from pipeline.errors import UserError

# Of this package; see `Encoder.revision`.
REVISION = 1

Size = tuple[int, int]
Maps = dict[str, Tensor]


def load(name: str, weights: Path | None) -> "Detectron2Detector":
    """The detector of a configuration.

    name: of the model zoo, or a local YAML file.
    weights: a local file; without one, the zoo's are downloaded once.

    Raises:
        UserError: there is no such configuration, it is of another kind of model, or its weights
            are missing or do not fit.
    """
    path = find_file(name)
    settings = read_settings(path)
    model = build_model(settings).eval()
    _require_box_head(model, name)
    use_caffe_layers(model, settings)
    weights = weights or fetch_zoo_weights(name)
    load_checkpoint(model, weights)
    return Detectron2Detector(
        model,
        settings,
        class_names(settings, path),
        {**revised(REVISION), "weights": file_sha256(weights)},
    )


class Detectron2Detector:
    """A GeneralizedRCNN of detectron2 as a `Detector`.

    A region's feature is the classifier's input: fc7 of an FPN model (1024 wide in the zoo), the
    mean of a C4 model's last maps (2048).
    """

    def __init__(
        self,
        model: Any,  # detectron2 has no types
        settings: CfgNode,
        class_names: tuple[str, ...],
        origin: dict[str, Any],
    ) -> None:
        self.class_names = class_names
        self.feature_dim: int = model.roi_heads.box_predictor.cls_score.in_features
        self.settings = {
            **origin,
            **relevant_settings(settings),
            "detectron2": version("detectron2"),
            "torchvision": version("torchvision").partition("+")[0],
        }
        self.arithmetic: dict[str, Any] = {}
        self._model: Any = model.requires_grad_(False)
        self._input = settings.INPUT
        self._nms_threshold: float = settings.MODEL.ROI_HEADS.NMS_THRESH_TEST
        self._mean, self._std = model.pixel_mean.cpu(), model.pixel_std.cpu()

    def to(self, device: torch.device) -> None:
        self._model.to(device, memory_format=trunk_layout(device))

    def compile_trunk(self) -> None:
        self._model.backbone.compile(dynamic=False)

    def prepare(self, image: Image) -> Prepared:
        """Resize, normalise and pad as detectron2 does, for one image at a time."""
        shortest, longest = self._input.MIN_SIZE_TEST, self._input.MAX_SIZE_TEST
        size = (image.height, image.width)
        if shortest > 0:
            size = ResizeShortestEdge.get_output_shape(*size, shortest, longest)
        height, width = max(size[0], 1), max(size[1], 1)
        pixels = np.asarray(image.resize((width, height), Resampling.BILINEAR), dtype=np.float32)
        if self._input.FORMAT == "BGR":
            pixels = pixels[:, :, ::-1]
        scaled = (torch.from_numpy(pixels.transpose(2, 0, 1).copy()) - self._mean) / self._std
        trunk = self._model.backbone
        padded = ImageList.from_tensors(
            [scaled], trunk.size_divisibility, padding_constraints=trunk.padding_constraints
        )
        return Prepared(padded.tensor[0], (height, width))

    def detect(
        self, pixels: Tensor, sizes: Sequence[Size], regions: int, select: Selection
    ) -> DetectedBatch:
        with trunk_precision(pixels.device):
            maps: Maps = self._model.backbone(pixels)
        maps = {name: x.float() for name, x in maps.items()}
        images = ImageList(pixels, list(sizes))
        proposals, _ = self._model.proposal_generator(images, maps, None)
        found = []
        for i, (proposed, size) in enumerate(zip(proposals, sizes, strict=True)):
            head = _BoxHead(self._model.roi_heads, {name: x[i : i + 1] for name, x in maps.items()})
            boxes = proposed.proposal_boxes.tensor
            found.append(find_regions(head, boxes, size, regions, self._nms_threshold, select))
        return DetectedBatch.of(found)


class _BoxHead:
    """detectron2's second stage as a `BoxHead`, on one image's feature maps."""

    def __init__(self, heads: Any, maps: Maps) -> None:
        self._heads, self._predictor = heads, heads.box_predictor
        self._is_c4 = isinstance(heads, Res5ROIHeads)
        names = heads.in_features if self._is_c4 else heads.box_in_features
        self._maps = [maps[name] for name in names]
        self.width: int = self._predictor.cls_score.in_features

    def features(self, boxes: Tensor) -> Tensor:
        if self._is_c4:
            last: Tensor = self._heads.res5(self._heads.pooler(self._maps, [Boxes(boxes)]))
            return last.mean((2, 3))  # N x D x h x w -> N x D
        fc7: Tensor = self._heads.box_head(self._heads.box_pooler(self._maps, [Boxes(boxes)]))
        return fc7

    def classify(self, features: Tensor) -> tuple[Tensor, Tensor]:
        (probabilities,) = self._predictor.predict_probs(self._predictor(features), [features])
        scores, classes = probabilities[:, :-1].max(1)  # the last is the background
        return scores, classes + 1

    def refine(self, features: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
        shifts = self._predictor(features)[1]  # N x 4 C, or N x 4 for all classes
        refined: Tensor = self._predictor.box2box_transform.apply_deltas(shifts, boxes)
        by_class = refined.reshape(len(boxes), -1, 4)
        index = classes - 1 if by_class.shape[1] > 1 else torch.zeros_like(classes)
        return by_class[torch.arange(len(boxes), device=boxes.device), index]


def _require_box_head(model: Any, name: str) -> None:
    heads: Any = getattr(model, "roi_heads", None)
    if isinstance(getattr(heads, "box_predictor", None), FastRCNNOutputLayers) and (
        isinstance(heads, Res5ROIHeads) or heads.box_head.output_shape.height is None
    ):
        return
    found = f"{type(model).__name__} with {type(heads).__name__ if heads else 'no box head'}"
    raise UserError(
        f"regions.detector: {name} is a {found}; allowed: a Faster R-CNN with one box head,"
        " FPN with fully connected layers or C4"
    )
