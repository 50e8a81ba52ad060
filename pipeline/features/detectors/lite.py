"""The shipped Faster R-CNN: small enough for the repository, trained for 36 regions on a CPU."""

import json
from pathlib import Path

import torch
from PIL.Image import Image, Resampling
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.transforms.functional import to_tensor

from pipeline.errors import UserError
from pipeline.features.detectors import Prepared
from pipeline.features.detectors.base import Detections
from pipeline.features.detectors.faster_rcnn import FasterRCNNDetector, detect_regions
from pipeline.features.efficientnet_lite import EfficientNetLite0
from pipeline.features.weights import file_sha256, load_weights

INPUT_SIZE = 256
FEATURE_DIM = 1024
WEIGHTS = Path(__file__).parent / "weights" / "fasterrcnn_lite.safetensors"
WEIGHTS_SHA256 = "515e61ada950ad409965bde00fc2ab5c2a33830ad7b7b34090ee0f923ac9324e"

_PYRAMID_CHANNELS = 128
# What the trunk's maps are divided by. Without it fc6's inputs are so large that the first hundred
# steps of training silence nine tenths of fc7 for good.
_MAP_SPREADS = (7.2, 6.1, 2.6)
_ROI_SIZE = 7
# Two sizes and three shapes (height : width) per level, in pixels of the 256 x 256 input.
_ANCHOR_SIZES = ((24, 40), (64, 96), (144, 224))
_ASPECT_RATIOS = ((0.5, 1.0, 2.0),) * 3
_PROPOSALS = 100
_NMS_THRESHOLD = 0.6


class LitePyramid(nn.Module):
    """EfficientNet-Lite0 with a feature pyramid of 128 channels at strides 8, 16 and 32."""

    out_channels = _PYRAMID_CHANNELS

    def __init__(self) -> None:
        super().__init__()
        self.trunk = EfficientNetLite0()
        self.fpn = FeaturePyramidNetwork(list(self.trunk.channels), _PYRAMID_CHANNELS)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (B, 3, H, W) in 0..1 to levels "0", "1", "2": (B, 128, H / s, W / s)."""
        return self.levels(self.trunk(images))

    def levels(self, maps: list[Tensor]) -> dict[str, Tensor]:
        """Map the trunk's maps of 40, 112 and 320 channels to the levels."""
        scaled = [x / spread for x, spread in zip(maps, _MAP_SPREADS, strict=True)]
        levels: dict[str, Tensor] = self.fpn({str(i): x for i, x in enumerate(scaled)})
        return levels


class BoxHead(nn.Module):
    """The usual two layers, but fc7 goes out before its ReLU, which the predictor applies: a
    feature that keeps its sign can hold what it was taught by distillation."""

    def __init__(self) -> None:
        super().__init__()
        self.fc6 = nn.Linear(_PYRAMID_CHANNELS * _ROI_SIZE**2, FEATURE_DIM)
        self.fc7 = nn.Linear(FEATURE_DIM, FEATURE_DIM)

    def forward(self, regions: Tensor) -> Tensor:
        """Map regions (N, 128, 7, 7) to fc7 (N, 1024)."""
        fc7: Tensor = self.fc7(self.fc6(regions.flatten(1)).relu())
        return fc7


class BoxPredictor(nn.Module):
    """Class scores and one box shift for all classes: few photos teach a shift per class badly."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.cls_score = nn.Linear(FEATURE_DIM, classes)
        self.bbox_pred = nn.Linear(FEATURE_DIM, 4)

    def forward(self, fc7: Tensor) -> tuple[Tensor, Tensor]:
        """Map fc7 (N, 1024) to logits (N, C) and box shifts (N, 4 C), the same for every class."""
        logits, shift = self.predict(fc7)
        return logits, shift.repeat(1, self.classes)

    def predict(self, fc7: Tensor) -> tuple[Tensor, Tensor]:
        """Map fc7 (N, 1024) to logits (N, C) and the box shift (N, 4)."""
        hidden = fc7.relu()
        return self.cls_score(hidden), self.bbox_pred(hidden)


class FasterRCNNLite(FasterRCNN):  # type: ignore[misc]  # torchvision has no types
    """torchvision's Faster R-CNN on a small trunk; `detect` gives a fixed number of regions.

    classes: names by class index; index 0 is "__background__".
    """

    feature_dim = FEATURE_DIM
    input_size = INPUT_SIZE

    def __init__(self, classes: tuple[str, ...]) -> None:
        levels = ["0", "1", "2"]
        super().__init__(
            LitePyramid(),
            min_size=INPUT_SIZE,
            image_mean=(0.0, 0.0, 0.0),  # the trunk scales its own input
            image_std=(1.0, 1.0, 1.0),
            rpn_anchor_generator=AnchorGenerator(_ANCHOR_SIZES, _ASPECT_RATIOS),
            rpn_pre_nms_top_n_train=400,
            rpn_pre_nms_top_n_test=600,
            rpn_post_nms_top_n_train=200,
            rpn_post_nms_top_n_test=_PROPOSALS,
            rpn_batch_size_per_image=128,
            box_roi_pool=MultiScaleRoIAlign(levels, _ROI_SIZE, 1, canonical_scale=112),
            box_head=BoxHead(),
            box_predictor=BoxPredictor(len(classes)),
            box_batch_size_per_image=40,
            box_positive_fraction=0.5,
        )
        self.classes = classes

    @torch.inference_mode()
    def detect(self, images: Tensor, regions: int = 36) -> list[Detections]:
        """Find the best regions of images (B, 3, H, W), float RGB in 0..1, already resized.

        An image's result does not depend on the others in the batch.
        """
        size = (images.shape[2], images.shape[3])
        return detect_regions(self, images, size, regions, _NMS_THRESHOLD)


def load(weights: Path | None) -> FasterRCNNDetector:
    """The detector as the pipeline uses it; without `weights`, the shipped ones."""
    model = load_lite() if weights is None else read_lite(weights)
    settings = {
        "weights": file_sha256(weights or WEIGHTS),
        "resize": [INPUT_SIZE, INPUT_SIZE],
    }
    return FasterRCNNDetector(model, model.classes, _NMS_THRESHOLD, _prepare, settings)


def load_lite(path: Path | None = None) -> FasterRCNNLite:
    """The shipped detector in eval mode, computing in float32.

    Errors: UserError where the file is missing or not the one this version was released with.
    """
    path = WEIGHTS if path is None else path
    found = file_sha256(path)
    if found != WEIGHTS_SHA256:
        raise UserError(f"weights {path}: sha256 is {found}, expected {WEIGHTS_SHA256}")
    return read_lite(path)


def read_lite(path: Path) -> FasterRCNNLite:
    """A detector of this kind with other weights, such as newly trained ones.

    Errors: UserError where the file does not hold such a detector.
    """
    model = FasterRCNNLite(_class_names(path))
    load_weights(model, path)  # float16 on disk, float32 in the model
    model.eval()
    return model


def resize(image: Image) -> Image:
    """Stretch a picture to the square that the detector was trained on."""
    return image.resize((INPUT_SIZE, INPUT_SIZE), Resampling.BILINEAR)


def _prepare(image: Image) -> Prepared:
    return Prepared(to_tensor(resize(image)), (INPUT_SIZE, INPUT_SIZE))


def _class_names(path: Path) -> tuple[str, ...]:
    try:
        with safe_open(path, "pt") as file:
            names = json.loads((file.metadata() or {}).get("classes", "[]"))
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise UserError(f"weights {path}: no class names can be read: {error}") from None
    if not names or names[0] != "__background__" or len(set(names)) != len(names):
        raise UserError(f"weights {path}: class names must be distinct, __background__ first")
    return tuple(names)
