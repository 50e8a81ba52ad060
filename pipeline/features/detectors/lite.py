"""The shipped Faster R-CNN: small enough for the repository, trained for 36 regions on a CPU."""

import json
from dataclasses import dataclass
from itertools import accumulate, pairwise
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
from pipeline.features.efficientnet_lite import EfficientNetLite0, ImageNetHead
from pipeline.features.weights import file_sha256, load_weights

INPUT_SIZE = 256
FEATURE_DIM = 1024
WEIGHTS = Path(__file__).parent / "weights" / "fasterrcnn_lite.safetensors"
WEIGHTS_SHA256 = "7f52dad51187783cd747dd3e190e0d1f43ab0c615ecb07483afbd8fa9c590f40"

_LEVELS = ("0", "1", "2")
_PYRAMID_CHANNELS = 128
# What the trunk's maps are divided by. Without it fc6's inputs are so large that the first hundred
# steps of training silence nine tenths of fc7 for good.
_MAP_SPREADS = (7.2, 6.1, 2.6)
_GRID = 7
_POOLED_FROM = 1  # of the trunk's maps, from stride 16 on: the smallest that tell objects apart
_POOLED_STRIDES = EfficientNetLite0.strides[_POOLED_FROM:]
_POOLED = (*(f"trunk{stride}" for stride in _POOLED_STRIDES), "imagenet")
OWN_DIM = sum(EfficientNetLite0.channels[_POOLED_FROM:])  # 432, of a region
LAST_DIM = EfficientNetLite0.channels[-1]  # 320
PICTURE_DIM = LAST_DIM + ImageNetHead.channels  # 1600, of a whole picture
_MEANS_DIM = OWN_DIM + PICTURE_DIM
_SAMPLES = 4  # points per side of a region, for its mean over a map
_LEAST_SPREAD = 1e-3
_RARE = -4.0  # the logit at which a class channel starts: few regions show any one class
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
        scaled = [x / spread for x, spread in zip(maps, _MAP_SPREADS, strict=True)]
        levels: dict[str, Tensor] = self.fpn(dict(zip(_LEVELS, scaled, strict=True)))
        return levels | self._pooled(maps)

    def pooled_maps(self, images: Tensor) -> dict[str, Tensor]:
        """The maps that means are taken of: the trunk's at strides 16 and 32, and the 1280
        channels that ImageNet's classifier averages, at stride 32."""
        return self._pooled(self.trunk(images))

    def _pooled(self, maps: list[Tensor]) -> dict[str, Tensor]:
        return dict(zip(_POOLED, [*maps[_POOLED_FROM:], self.imagenet(maps[-1])], strict=True))


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
    was ever taught; and the whole picture's mean over the last two of ImageNet's layers, for what
    surrounds the region."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__(list(_LEVELS), _GRID, 1, canonical_scale=112)
        channels = OWN_DIM + ImageNetHead.channels
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))

    @torch.no_grad()
    def measure(self, maps: dict[str, Tensor]) -> None:
        """Take each channel's mean and spread over all places of some photos' maps."""
        places = [maps[name].transpose(0, 1).flatten(1) for name in _POOLED]  # C x (B h w) each
        self.mean.copy_(torch.cat([x.mean(1) for x in places]))
        self.spread.copy_(torch.cat([x.std(1) for x in places]) + _LEAST_SPREAD)

    def forward(
        self, maps: dict[str, Tensor], boxes: list[Tensor], sizes: list[tuple[int, int]]
    ) -> Tensor:
        """Map boxes, (N_i, 4) of each image, to (N, 128 * 49 + 432 + 1600)."""
        grid = super().forward(maps, boxes, sizes).flatten(1)
        pictures = self.picture_means(maps)  # B x 1600
        counts = torch.tensor([len(own) for own in boxes], device=pictures.device)
        repeated = pictures.repeat_interleave(counts, 0)  # N x 1600
        return torch.cat([grid, self.own_means(maps, boxes), repeated], 1)

    def own_means(self, maps: dict[str, Tensor], boxes: list[Tensor]) -> Tensor:
        """The regions' means over the trunk's maps at strides 16 and 32: (N, 432), each channel in
        spreads from its mean over photos."""
        pooled = [
            roi_align(maps[name].float(), boxes, 1, 1 / stride, _SAMPLES, True).flatten(1)
            for name, stride in zip(_POOLED[:-1], _POOLED_STRIDES, strict=True)
        ]
        own = slice(OWN_DIM)
        return (torch.cat(pooled, 1) - self.mean[own]) / self.spread[own]

    def picture_means(self, maps: dict[str, Tensor]) -> Tensor:
        """The whole pictures' means over the trunk's last map and ImageNet's last layer: (B, 320 +
        1280), scaled as the regions' are."""
        means = torch.cat([maps[name].float().mean((2, 3)) for name in _POOLED[-2:]], 1)
        last = slice(-PICTURE_DIM, None)
        return (means - self.mean[last]) / self.spread[last]


@dataclass(frozen=True)
class Channels:
    """What the 1024 channels of fc7 hold, side by side; see `Distillation` for the first three.

    own: the region's means, mixed. picture: the picture's, mixed. evidence: of each class in the
    picture. classes: the probability of each class, whatever the others'. free: the rest.
    """

    own: slice
    picture: slice
    evidence: slice
    classes: slice
    free: slice

    @classmethod
    def of(cls, classes: int) -> "Channels":
        """classes: without the background."""
        ends = list(accumulate((OWN_DIM, LAST_DIM, classes, classes)))
        return cls(*(slice(a, b) for a, b in pairwise([0, *ends, FEATURE_DIM])))


class BoxHead(nn.Module):
    """The usual two layers, with two differences. fc7 also reads the means of the region and of
    the picture. And its channels go out in three ways: those that repeat means as they are, since
    a feature that keeps its sign can hold them; those of the classes as probabilities; the others,
    as usual, after a ReLU. So a mean over regions says how many of them show a class, and is not
    swamped by the many that do not.

    classes: without the background.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.channels = Channels.of(classes)
        self.fc6 = nn.Linear(_PYRAMID_CHANNELS * _GRID**2, FEATURE_DIM)
        self.fc7 = nn.Linear(FEATURE_DIM + _MEANS_DIM, FEATURE_DIM)
        nn.init.constant_(self.fc7.bias[self.channels.classes], _RARE)

    def forward(self, regions: Tensor) -> Tensor:
        """Map what `RegionPooler` gives, (N, 128 * 49 + 432 + 1600), to fc7 (N, 1024)."""
        return self.activated(self.linear(regions))

    def linear(self, regions: Tensor) -> Tensor:
        """fc7 before any non-linearity: (N, 1024)."""
        grid, means = regions[:, :-_MEANS_DIM], regions[:, -_MEANS_DIM:]
        fc7: Tensor = self.fc7(torch.cat([self.fc6(grid).relu(), means], 1))
        return fc7

    def activated(self, fc7: Tensor) -> Tensor:
        """fc7 as it goes out, from what `linear` gives: (N, 1024)."""
        classes, free = self.channels.classes, self.channels.free
        signed = fc7[:, : classes.start]
        return torch.cat([signed, fc7[:, classes].sigmoid(), fc7[:, free].relu()], 1)


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
