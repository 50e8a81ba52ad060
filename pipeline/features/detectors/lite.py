"""The shipped Faster R-CNN: small enough for the repository, trained for 36 regions on a CPU."""

import json
from pathlib import Path

import torch
from PIL.Image import Image, Resampling
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign, roi_align
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
WEIGHTS_SHA256 = "b980daef2cbf77c5d07165ba0b8037e656f61f496ebfdf71d2d285e1986262c2"

_LEVELS = ("0", "1", "2")
_PYRAMID_CHANNELS = 128
# What the trunk's maps are divided by. Without it fc6's inputs are so large that the first hundred
# steps of training silence nine tenths of fc7 for good.
_MAP_SPREADS = (7.2, 6.1, 2.6)
_GRID = 7
POOLED_FROM = 1  # of the trunk's maps, from stride 16 on: the smallest that tell objects apart
_POOLED_CHANNELS = EfficientNetLite0.channels[POOLED_FROM:]
_POOLED_STRIDES = EfficientNetLite0.strides[POOLED_FROM:]
TRUNK_DIM = sum(_POOLED_CHANNELS)  # 432
_SAMPLES = 4  # points per side of a region, for its mean over a map
_LEAST_SPREAD = 1e-3
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
        """Map images (B, 3, H, W) in 0..1 to the levels "0", "1", "2": (B, 128, H / s, W / s),
        followed by the trunk's own maps at strides 16 and 32."""
        maps = self.trunk(images)
        scaled = [x / spread for x, spread in zip(maps, _MAP_SPREADS, strict=True)]
        levels: dict[str, Tensor] = self.fpn(dict(zip(_LEVELS, scaled, strict=True)))
        strides = zip(_POOLED_STRIDES, maps[POOLED_FROM:], strict=True)
        return levels | {_trunk_map(stride): x for stride, x in strides}


class _LevelAnchors(AnchorGenerator):  # type: ignore[misc]  # torchvision has no types
    """torchvision hands the RPN every map; it reads the pyramid's."""

    def forward(self, images: ImageList, maps: list[Tensor]) -> list[Tensor]:
        anchors: list[Tensor] = super().forward(images, maps[: len(_LEVELS)])
        return anchors


class _LevelRPNHead(RPNHead):  # type: ignore[misc]
    def forward(self, maps: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        found: tuple[list[Tensor], list[Tensor]] = super().forward(maps[: len(_LEVELS)])
        return found


class RegionPooler(MultiScaleRoIAlign):  # type: ignore[misc]
    """What the box head is given of a region: its 7 x 7 grid on the pyramid, where it is a part of
    the picture; its mean over the trunk's maps, which know more kinds of things than the pyramid
    was ever taught; and the whole picture's mean over them, for what surrounds the region."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__(list(_LEVELS), _GRID, 1, canonical_scale=112)
        self.register_buffer("mean", torch.zeros(TRUNK_DIM))
        self.register_buffer("spread", torch.ones(TRUNK_DIM))

    @torch.no_grad()
    def measure(self, maps: list[Tensor]) -> None:
        """Take each channel's mean and spread over all places of some photos' maps."""
        places = [x.transpose(0, 1).flatten(1) for x in maps[POOLED_FROM:]]  # C x (B h w) each
        self.mean.copy_(torch.cat([x.mean(1) for x in places]))
        self.spread.copy_(torch.cat([x.std(1) for x in places]) + _LEAST_SPREAD)

    def forward(
        self, maps: dict[str, Tensor], boxes: list[Tensor], sizes: list[tuple[int, int]]
    ) -> Tensor:
        """Map boxes, (N_i, 4) of each image, to (N, 128 * 49 + 432 + 432)."""
        grid = super().forward(maps, boxes, sizes).flatten(1)
        pictures = self.picture_means([maps[_trunk_map(s)] for s in _POOLED_STRIDES])  # B x 432
        counts = torch.tensor([len(own) for own in boxes], device=pictures.device)
        repeated = pictures.repeat_interleave(counts, 0)  # N x 432
        return torch.cat([grid, self.means(maps, boxes), repeated], 1)

    def means(self, maps: dict[str, Tensor], boxes: list[Tensor]) -> Tensor:
        """The regions' means over the trunk's maps: (N, 432), each channel in spreads from its
        mean over photos."""
        pooled = [
            roi_align(maps[_trunk_map(s)].float(), boxes, 1, 1 / s, _SAMPLES, True).flatten(1)
            for s in _POOLED_STRIDES
        ]
        return self._scaled(pooled)

    def picture_means(self, maps: list[Tensor]) -> Tensor:
        """The whole pictures' means over the trunk's maps at strides 16 and 32, (B, C, h, w) each:
        (B, 432), scaled as the regions' are."""
        return self._scaled([x.float().mean((2, 3)) for x in maps])

    def _scaled(self, means: list[Tensor]) -> Tensor:
        return (torch.cat(means, 1) - self.mean) / self.spread


class BoxHead(nn.Module):
    """The usual two layers, with two differences: fc7 also reads the trunk's means of the region
    and of the picture, and it goes out before its ReLU, which the predictor applies. A feature that
    keeps its sign can hold what it was taught by distillation."""

    def __init__(self) -> None:
        super().__init__()
        self.fc6 = nn.Linear(_PYRAMID_CHANNELS * _GRID**2, FEATURE_DIM)
        self.fc7 = nn.Linear(FEATURE_DIM + 2 * TRUNK_DIM, FEATURE_DIM)

    def forward(self, regions: Tensor) -> Tensor:
        """Map what `RegionPooler` gives, (N, 128 * 49 + 432 + 432), to fc7 (N, 1024)."""
        grid, means = regions[:, : -2 * TRUNK_DIM], regions[:, -2 * TRUNK_DIM :]
        fc7: Tensor = self.fc7(torch.cat([self.fc6(grid).relu(), means], 1))
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
        anchors = _LevelAnchors(_ANCHOR_SIZES, _ASPECT_RATIOS)
        shapes = anchors.num_anchors_per_location()[0]
        super().__init__(
            LitePyramid(),
            min_size=INPUT_SIZE,
            image_mean=(0.0, 0.0, 0.0),  # the trunk scales its own input
            image_std=(1.0, 1.0, 1.0),
            rpn_anchor_generator=anchors,
            rpn_head=_LevelRPNHead(_PYRAMID_CHANNELS, shapes),
            rpn_pre_nms_top_n_train=400,
            rpn_pre_nms_top_n_test=600,
            rpn_post_nms_top_n_train=200,
            rpn_post_nms_top_n_test=_PROPOSALS,
            rpn_batch_size_per_image=128,
            box_roi_pool=RegionPooler(),
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


def _trunk_map(stride: int) -> str:
    return f"trunk{stride}"


def _class_names(path: Path) -> tuple[str, ...]:
    try:
        with safe_open(path, "pt") as file:
            names = json.loads((file.metadata() or {}).get("classes", "[]"))
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise UserError(f"weights {path}: no class names can be read: {error}") from None
    if not names or names[0] != "__background__" or len(set(names)) != len(names):
        raise UserError(f"weights {path}: class names must be distinct, __background__ first")
    return tuple(names)
