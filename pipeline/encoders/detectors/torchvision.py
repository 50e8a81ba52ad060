"""torchvision's Faster R-CNNs with a ResNet-50 and a feature pyramid, trained on COCO."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection import (
    FasterRCNN,
    FasterRCNN_ResNet50_FPN_V2_Weights,
    FasterRCNN_ResNet50_FPN_Weights,
    fasterrcnn_resnet50_fpn,
    fasterrcnn_resnet50_fpn_v2,
)
from torchvision.transforms.functional import to_tensor

from pipeline.core.device import revised
from pipeline.encoders.detectors import Prepared, Size
from pipeline.encoders.detectors.canvas import DIVISOR, canvas_of
from pipeline.encoders.detectors.faster_rcnn import FasterRCNNDetector
from pipeline.encoders.trunks.weights import fetch, file_sha256, load_weights

# Of this module and faster_rcnn.py; see `Encoder.revision`.
REVISION = 1


@dataclass(frozen=True)
class _Published:
    """build: the untrained model. eps: of the batch normalisation its weights were made with."""

    build: Callable[..., FasterRCNN]
    weights: Any
    eps: float


_MODELS = {
    # torchvision sets eps to 0 for these weights; with 1e-5 every feature is slightly off.
    "fasterrcnn_resnet50_fpn": _Published(
        fasterrcnn_resnet50_fpn, FasterRCNN_ResNet50_FPN_Weights.COCO_V1, 0.0
    ),
    "fasterrcnn_resnet50_fpn_v2": _Published(
        fasterrcnn_resnet50_fpn_v2, FasterRCNN_ResNet50_FPN_V2_Weights.COCO_V1, 1e-5
    ),
}


def load(name: str, weights: Path | None) -> FasterRCNNDetector:
    """fasterrcnn_resnet50_fpn | fasterrcnn_resnet50_fpn_v2, with COCO's 91 classes.

    weights: a local state dict; without one, torchvision's (under 170 MB) are downloaded once.

    Raises:
        UserError: the weights are missing or do not fit.
    """
    published = _MODELS[name]
    path = weights or fetch(published.weights.url)
    names = published.weights.meta["categories"]
    model = published.build(weights=None, weights_backbone=None, num_classes=len(names))
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = published.eps
    load_weights(model, path)
    transform = model.transform
    settings = {
        **revised(REVISION),
        "weights": file_sha256(path),
        "batch_norm_eps": published.eps,
        "resize": [*transform.min_size, transform.max_size],
    }
    return FasterRCNNDetector(
        model, names, model.roi_heads.nms_thresh, partial(_prepare, model), settings
    )


def _prepare(model: FasterRCNN, image: Image, batched: bool) -> Prepared:
    """Resize and normalise as the model's own transform does, for one image at a time.

    Each image is padded on its own: the padding of a mixed batch would change its features.
    batched: leave normalising to the model, and pad to a canvas.
    """
    transform = model.transform
    size = _resized(image.height, image.width, transform.min_size[-1], transform.max_size)
    pixels = to_tensor(image)  # 3 x h x w
    if batched:
        # Rounding is finer than the trunk's bfloat16.
        levels = (_interpolated(pixels, size) * 255).round_().to(torch.uint8)
        return Prepared(_padded(levels, canvas_of(size)), size)
    resized = _interpolated(transform.normalize(pixels), size)
    needed = [-(-side // DIVISOR) * DIVISOR for side in size]
    return Prepared(_padded(resized, (needed[0], needed[1])), size)


def _interpolated(pixels: Tensor, size: Size) -> Tensor:
    return F.interpolate(pixels[None], size=size, mode="bilinear", align_corners=False)[0]


def _padded(pixels: Tensor, size: Size) -> Tensor:
    height, width = pixels.shape[1:]
    return F.pad(pixels, (0, size[1] - width, 0, size[0] - height))


def _resized(height: int, width: int, shortest: int, longest: int) -> tuple[int, int]:
    """The size with the shorter side `shortest`, unless the longer one would exceed `longest`."""
    scale = min(shortest / min(height, width), longest / max(height, width))
    return max(int(height * scale), 1), max(int(width * scale), 1)
