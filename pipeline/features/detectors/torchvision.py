"""torchvision's Faster R-CNN with a ResNet-50 and a feature pyramid, trained on COCO."""

from functools import partial
from pathlib import Path

from PIL.Image import Image
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection import (
    FasterRCNN,
    FasterRCNN_ResNet50_FPN_Weights,
    fasterrcnn_resnet50_fpn,
)
from torchvision.transforms.functional import to_tensor

from pipeline.features.detectors import Prepared
from pipeline.features.detectors.faster_rcnn import FasterRCNNDetector
from pipeline.features.weights import fetch, file_sha256, load_weights

_COCO = FasterRCNN_ResNet50_FPN_Weights.COCO_V1
# Its maps have strides up to 32, and the last is halved once more by pooling.
_DIVISOR = 32


def load(weights: Path | None) -> FasterRCNNDetector:
    """The detector with COCO's 91 classes.

    weights: a local state dict; without one, the published weights (160 MB) are downloaded once.
    """
    path = weights or fetch(_COCO.url)
    names = _COCO.meta["categories"]
    model = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=len(names))
    load_weights(model, path)
    transform = model.transform
    settings = {
        "weights": file_sha256(path),
        "resize": [*transform.min_size, transform.max_size],
    }
    return FasterRCNNDetector(
        model, names, model.roi_heads.nms_thresh, partial(_prepare, model), settings
    )


def _prepare(model: FasterRCNN, image: Image) -> Prepared:
    """Normalise and resize as the model's own transform does, for one picture at a time.

    A picture is padded for itself alone: the padding of a mixed batch would change its features.
    """
    transform = model.transform
    pixels = transform.normalize(to_tensor(image))  # 3 x h x w
    height, width = _resized(image.height, image.width, transform.min_size[-1], transform.max_size)
    pixels = F.interpolate(
        pixels[None], size=(height, width), mode="bilinear", align_corners=False
    )[0]
    return Prepared(_pad(pixels), (height, width))


def _resized(height: int, width: int, shortest: int, longest: int) -> tuple[int, int]:
    """The size with the shorter side `shortest`, unless the longer one would exceed `longest`."""
    scale = min(shortest / min(height, width), longest / max(height, width))
    return max(int(height * scale), 1), max(int(width * scale), 1)


def _pad(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[1:]
    return F.pad(pixels, (0, -width % _DIVISOR, 0, -height % _DIVISOR))
