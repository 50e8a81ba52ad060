"""The shipped Faster R-CNN: small enough for the repository and fast on a CPU."""

import json
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import torch
from PIL.Image import Image, Resampling
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign, roi_align
from torchvision.transforms.functional import pil_to_tensor, to_tensor

from pipeline.core.device import revised
from pipeline.encoders.detectors import Prepared
from pipeline.encoders.detectors.base import Detections
from pipeline.encoders.detectors.batched.model import DescribeBoxes, Maps
from pipeline.encoders.detectors.batched.pooling import numbered
from pipeline.encoders.detectors.faster_rcnn import FasterRCNNDetector, detect_regions
from pipeline.encoders.trunks.efficientnet_lite import EfficientNetLite0, ImageNetHead
from pipeline.encoders.trunks.weights import file_sha256, load_weights
from pipeline.errors import UserError

# Of this module, faster_rcnn.py and efficientnet_lite.py; see `Encoder.revision`.
REVISION = 1
INPUT_SIZE = 256
FEATURE_DIM = 1024
WEIGHTS = Path(__file__).parent / "weights" / "fasterrcnn_lite.safetensors"
WEIGHTS_SHA256 = "7f52dad51187783cd747dd3e190e0d1f43ab0c615ecb07483afbd8fa9c590f40"

_LEVELS = ("0", "1", "2")
_PYRAMID_CHANNELS = 128
# Standard deviations that the trunk's maps are divided by. Without this, fc6's inputs are so large
# that nine tenths of fc7 die in the first hundred steps of training.
_MAP_STDS = (7.2, 6.1, 2.6)
_GRID = 7
_POOLED_FROM = 1  # of the trunk's maps, stride 16: the first that tells objects apart
_POOLED_STRIDES = EfficientNetLite0.strides[_POOLED_FROM:]
_POOLED = (*(f"trunk{stride}" for stride in _POOLED_STRIDES), "imagenet")
REGION_DIM = sum(EfficientNetLite0.channels[_POOLED_FROM:])  # 432, of a region
LAST_DIM = EfficientNetLite0.channels[-1]  # 320
IMAGE_DIM = LAST_DIM + ImageNetHead.channels  # 1600, of a whole image
_MEANS_DIM = REGION_DIM + IMAGE_DIM
_SAMPLES = 4  # points per side of a region, for its mean over a map
_MIN_STD = 1e-3
_RARE = -4.0  # the initial bias of a class channel: few regions show any one class
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
        self.imagenet = ImageNetHead()
        self.fpn = FeaturePyramidNetwork(list(self.trunk.channels), _PYRAMID_CHANNELS)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (B, 3, H, W) in 0..1 to the levels "0", "1", "2": (B, 128, H / s, W / s),
        followed by what `pooled_maps` gives."""
        maps = self.trunk(images)
        scaled = [x / std for x, std in zip(maps, _MAP_STDS, strict=True)]
        levels: dict[str, Tensor] = self.fpn(dict(zip(_LEVELS, scaled, strict=True)))
        return levels | self._pooled(maps)

    def pooled_maps(self, images: Tensor) -> dict[str, Tensor]:
        """The maps that means are taken of: the trunk's at strides 16 and 32, and the 1280
        channels that ImageNet's classifier averages, at stride 32."""
        return self._pooled(self.trunk(images))

    def _pooled(self, maps: list[Tensor]) -> dict[str, Tensor]:
        return dict(zip(_POOLED, [*maps[_POOLED_FROM:], self.imagenet(maps[-1])], strict=True))


class _LevelAnchors(AnchorGenerator):  # type: ignore[misc]  # torchvision has no types
    """torchvision passes every map to the RPN, which is to read only the pyramid's."""

    def forward(self, images: ImageList, maps: list[Tensor]) -> list[Tensor]:
        anchors: list[Tensor] = super().forward(images, maps[: len(_LEVELS)])
        return anchors


class _LevelRPNHead(RPNHead):  # type: ignore[misc]
    def forward(self, maps: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        outputs: tuple[list[Tensor], list[Tensor]] = super().forward(maps[: len(_LEVELS)])
        return outputs


class RegionPooler(MultiScaleRoIAlign):  # type: ignore[misc]
    """The box head's input: a region's 7 x 7 grid on the pyramid; its mean over the trunk's maps,
    which tell more classes apart than the pyramid is trained on; and, as context, the whole
    image's mean over the last two layers of the ImageNet network.

    mean, spread: of each pooled channel over images, (432 + 1280,); spread is a standard deviation.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__(list(_LEVELS), _GRID, 1, canonical_scale=112)
        channels = REGION_DIM + ImageNetHead.channels
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))

    @torch.no_grad()
    def measure(self, maps: dict[str, Tensor]) -> None:
        """Set mean and spread from all cells of some images' maps, see `pooled_maps`."""
        cells = [maps[name].transpose(0, 1).flatten(1) for name in _POOLED]  # C x (B h w) each
        self.mean.copy_(torch.cat([x.mean(1) for x in cells]))
        self.spread.copy_(torch.cat([x.std(1) for x in cells]) + _MIN_STD)

    def forward(
        self, maps: dict[str, Tensor], boxes: list[Tensor], sizes: list[tuple[int, int]]
    ) -> Tensor:
        """Map boxes, (N_i, 4) of each image, to (N, 128 * 49 + 432 + 1600)."""
        grid = super().forward(maps, boxes, sizes).flatten(1)
        images = self.image_means(maps)  # B x 1600
        counts = torch.tensor([len(x) for x in boxes], device=images.device)
        repeated = images.repeat_interleave(counts, 0)  # N x 1600
        return torch.cat([grid, self.region_means(maps, boxes), repeated], 1)

    def region_means(self, maps: dict[str, Tensor], boxes: list[Tensor] | Tensor) -> Tensor:
        """The regions' means over the trunk's maps at strides 16 and 32, standardised: (N, 432).

        boxes: of each image, or all as `roi_align` takes them, (N, 5).
        """
        pooled = [
            roi_align(maps[name].float(), boxes, 1, 1 / stride, _SAMPLES, True).flatten(1)
            for name, stride in zip(_POOLED[:-1], _POOLED_STRIDES, strict=True)
        ]
        return (torch.cat(pooled, 1) - self.mean[:REGION_DIM]) / self.spread[:REGION_DIM]

    def image_means(self, maps: dict[str, Tensor]) -> Tensor:
        """The images' means over the trunk's last map and ImageNet's last layer, standardised:
        (B, 320 + 1280)."""
        means = torch.cat([maps[name].float().mean((2, 3)) for name in _POOLED[-2:]], 1)
        return (means - self.mean[-IMAGE_DIM:]) / self.spread[-IMAGE_DIM:]


@dataclass(frozen=True)
class Channels:
    """The parts of fc7's 1024 channels; see `Distillation` for the first three.

    region: the region's means, mixed. image: the image's, mixed. evidence: of each class in the
    image. classes: the independent probability of each class. free: the rest.
    """

    region: slice
    image: slice
    evidence: slice
    classes: slice
    free: slice

    @classmethod
    def of(cls, classes: int) -> "Channels":
        """classes: without the background."""
        ends = list(accumulate((REGION_DIM, LAST_DIM, classes, classes)))
        return cls(*(slice(a, b) for a, b in pairwise([0, *ends, FEATURE_DIM])))


class BoxHead(nn.Module):
    """Two linear layers, where fc7 also reads the means of the region and of the image.

    fc7's channels have three activations: none for those that repeat means, which may be negative;
    a sigmoid for those of the classes, so that a mean over regions says how many show a class; a
    ReLU for the others.

    classes: without the background.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.channels = Channels.of(classes)
        self.fc6 = nn.Linear(_PYRAMID_CHANNELS * _GRID**2, FEATURE_DIM)
        self.fc7 = nn.Linear(FEATURE_DIM + _MEANS_DIM, FEATURE_DIM)
        nn.init.constant_(self.fc7.bias[self.channels.classes], _RARE)

    def forward(self, regions: Tensor) -> Tensor:
        """Map the output of `RegionPooler`, (N, 128 * 49 + 432 + 1600), to fc7 (N, 1024)."""
        return self.activated(self.linear(regions))

    def linear(self, regions: Tensor) -> Tensor:
        """fc7 before any non-linearity: (N, 1024)."""
        grid, means = regions[:, :-_MEANS_DIM], regions[:, -_MEANS_DIM:]
        fc7: Tensor = self.fc7(torch.cat([self.fc6(grid).relu(), means], 1))
        return fc7

    def activated(self, fc7: Tensor) -> Tensor:
        """fc7 after its activations, from the output of `linear`: (N, 1024)."""
        classes, free = self.channels.classes, self.channels.free
        signed = fc7[:, : classes.start]
        return torch.cat([signed, fc7[:, classes].sigmoid(), fc7[:, free].relu()], 1)


class BoxPredictor(nn.Module):
    """Class scores and one box shift for all classes, since training images are few."""

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
    """torchvision's Faster R-CNN on a small trunk; `detect` returns a fixed number of regions.

    classes: names by class index; index 0 is "__background__".
    """

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
            box_head=BoxHead(len(classes) - 1),
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
        sizes = [(images.shape[2], images.shape[3])] * len(images)
        return detect_regions(self, images, sizes, regions, _NMS_THRESHOLD)


def load(_: str, weights: Path | None) -> FasterRCNNDetector:
    """The detector, with the shipped weights or others.

    Raises:
        UserError: the weights are missing or do not fit.
    """
    model = load_lite() if weights is None else read_lite(weights)
    settings = {
        **revised(REVISION),
        "weights": file_sha256(weights or WEIGHTS),
        "resize": [INPUT_SIZE, INPUT_SIZE],
    }
    return FasterRCNNDetector(
        model, model.classes, _NMS_THRESHOLD, _prepare, settings, describe_regions
    )


def load_lite(path: Path = WEIGHTS) -> FasterRCNNLite:
    """The shipped detector in eval mode, computing in float32.

    Raises:
        UserError: the file is missing, or not the one this version was released with.
    """
    found = file_sha256(path)
    if found != WEIGHTS_SHA256:
        raise UserError(f"weights {path}: sha256 is {found}, expected {WEIGHTS_SHA256}")
    return read_lite(path)


def read_lite(path: Path) -> FasterRCNNLite:
    """A detector with other weights, such as newly trained ones.

    Raises:
        UserError: the file holds no such detector.
    """
    model = FasterRCNNLite(_class_names(path))
    load_weights(model, path)  # float16 on disk, float32 in the model
    model.eval()
    return model


def describe_regions(model: FasterRCNN, maps: Maps) -> DescribeBoxes:
    """The box head on the maps of a batch, which reads the image's means once for all its boxes."""
    pooler: RegionPooler = model.roi_heads.box_roi_pool
    head: BoxHead = model.roi_heads.box_head
    precision = head.fc7.weight.dtype
    of_regions, of_images = torch.split(head.fc7.weight, [FEATURE_DIM + REGION_DIM, IMAGE_DIM], 1)
    images = F.linear(pooler.image_means(maps).to(precision), of_images)  # B x 1024
    pooled = {name: maps[name].float() for name in _POOLED[:-1]}

    def describe(grids: Tensor, boxes: Tensor) -> Tensor:
        hidden = head.fc6(grids.flatten(1).to(precision)).relu()
        means = pooler.region_means(pooled, numbered(boxes)).to(precision)
        regions = F.linear(torch.cat([hidden, means], 1), of_regions, head.fc7.bias)
        linear = regions.view(*boxes.shape[:2], -1) + images[:, None]
        return head.activated(linear.flatten(0, 1))

    return describe


def resize(image: Image) -> Image:
    """Stretch an image to the square that the detector was trained on."""
    return image.resize((INPUT_SIZE, INPUT_SIZE), Resampling.BILINEAR)


def _prepare(image: Image, batched: bool) -> Prepared:
    pixels = (pil_to_tensor if batched else to_tensor)(resize(image))
    return Prepared(pixels, (INPUT_SIZE, INPUT_SIZE))


def _class_names(path: Path) -> tuple[str, ...]:
    try:
        with safe_open(path, "pt") as file:
            names = json.loads((file.metadata() or {}).get("classes", "[]"))
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise UserError(f"weights {path}: no class names can be read: {error}") from None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"weights {path}: class names must be a list of text")
    if not names or names[0] != "__background__" or len(set(names)) != len(names):
        raise UserError(f"weights {path}: class names must be distinct, __background__ first")
    return tuple(names)
