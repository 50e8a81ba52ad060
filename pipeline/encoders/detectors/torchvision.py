"""torchvision's Faster R-CNNs with a ResNet-50 and a feature pyramid, trained on COCO."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL.Image import Image
from torch import nn
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
from pipeline.encoders.detectors import Prepared
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
# The maps have strides up to 32; pooling halves the last once more.
_DIVISOR = 32


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


def _prepare(model: FasterRCNN, image: Image) -> Prepared:
    """Normalise and resize as the model's own transform does, for one image at a time.

    Each image is padded on its own: the padding of a mixed batch would change its features.
    """
    transform = model.transform
    pixels = transform.normalize(to_tensor(image))  # 3 x h x w
    height, width = _resized(image.height, image.width, transform.min_size[-1], transform.max_size)
    pixels = F.interpolate(
        pixels[None], size=(height, width), mode="bilinear", align_corners=False
    )[0]
    padded = F.pad(pixels, (0, -width % _DIVISOR, 0, -height % _DIVISOR))
    return Prepared(padded, (height, width))


def _resized(height: int, width: int, shortest: int, longest: int) -> tuple[int, int]:
    """The size with the shorter side `shortest`, unless the longer one would exceed `longest`."""
    scale = min(shortest / min(height, width), longest / max(height, width))
    return max(int(height * scale), 1), max(int(width * scale), 1)
