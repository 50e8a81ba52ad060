"""Images per second, beside torchvision's Faster R-CNN doing the same work."""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from pipeline.encoders.detectors.faster_rcnn import detect_regions
from pipeline.encoders.detectors.lite import FasterRCNNLite

SIZES = (224, 256)
_REPEATS = 10
_REGIONS = 36
_NMS_THRESHOLD = 0.5


def measure_speed(model: FasterRCNNLite) -> dict[str, dict[str, float]]:
    """Images per second of 36 regions each, one image at a time, for both and as a ratio.

    The ResNet-50 has random weights: its time hardly depends on them.
    """
    torch.manual_seed(0)
    reference = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None).eval()
    return {str(size): _compare(model, reference, size) for size in SIZES}


def _compare(model: FasterRCNNLite, reference: torch.nn.Module, size: int) -> dict[str, float]:
    image = torch.rand(1, 3, size, size)

    @torch.inference_mode()
    def by_reference(image: Tensor) -> object:
        return detect_regions(reference, image, [(size, size)], _REGIONS, _NMS_THRESHOLD)

    lite, resnet = _images_per_second(model.detect, image), _images_per_second(by_reference, image)
    return {"fasterrcnn_lite": lite, "fasterrcnn_resnet50_fpn": resnet, "ratio": lite / resnet}


def _images_per_second(detect: Callable[[Tensor], object], image: Tensor) -> float:
    detect(image)  # the first call sets up kernels
    started = time.perf_counter()
    for _ in range(_REPEATS):
        detect(image)
    return _REPEATS / (time.perf_counter() - started)
