"""Labelled images on disk, and augmented training batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights
from torchvision.ops import box_area

from pipeline.errors import UserError
from pipeline.params.detector import TrainParams

Target = dict[str, Tensor]  # boxes (K, 4) in pixels, labels (K,) int64, scores (K,) of the teacher

# COCO numbers its 80 classes 1..90 with gaps, which torchvision marks "N/A".
COCO: list[str] = FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
CLASSES = tuple(name for name in COCO if name != "N/A")  # 81, background first

SURE = 0.5  # a teacher's box above this score has full weight
_DOUBTFUL = 0.2  # one below this score has none
# Input sides; training varies them at first, which is cheaper and augments scale.
INPUT_SIDES = (160, 192, 224, 256)
_SMALLEST_CROP = 0.7  # of the image's side
_LEAST_VISIBLE = 0.4  # of a box's area, for the box to stay in a crop
_FIT_ITERATIONS = 200
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class LabelledImages:
    """Images with the teacher's labels.

    pixels: (N, S, S, 3) uint8, may be memory-mapped. table: one row per image with `name`, `key`
    and `split`. labels: one row per box with `photo` (row number), `class`, `score` and
    x1 y1 x2 y2 as fractions of the image.
    """

    pixels: NDArray[np.uint8]
    table: pd.DataFrame
    labels: pd.DataFrame

    @classmethod
    def load(cls, folder: Path) -> "LabelledImages":
        """Load what `label_images` wrote; the pixels are memory-mapped."""
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        table = pd.read_parquet(folder / "photos.parquet")
        return cls(pixels, table, pd.read_parquet(folder / "labels.parquet"))

    def rows(self, split: str) -> NDArray[np.int64]:
        """The row numbers of a split."""
        return np.flatnonzero(self.table["split"].to_numpy() == split)

    def targets(self, min_score: float) -> list[Target]:
        """The teacher's boxes above `min_score`, per image, in pixels."""
        labels = self.labels[self.labels["score"] > min_score]
        bounds = np.searchsorted(labels["photo"].to_numpy(), np.arange(len(self.table) + 1))
        corners = labels[["x1", "y1", "x2", "y2"]].to_numpy(np.float32) * self.pixels.shape[1]
        boxes = torch.from_numpy(corners)
        classes = torch.from_numpy(labels["class"].to_numpy(np.int64, copy=True))
        scores = torch.from_numpy(labels["score"].to_numpy(np.float32, copy=True))
        return [
            {"boxes": boxes[a:b], "labels": classes[a:b], "scores": scores[a:b]}
            for a, b in pairwise(bounds)
        ]

    def images(self, rows: NDArray[np.int64]) -> Tensor:
        """The images as (B, 3, S, S) float RGB in 0..1."""
        pixels = torch.from_numpy(np.ascontiguousarray(self.pixels[rows]))  # B x S x S x 3
        return pixels.permute(0, 3, 1, 2).float() / 255.0


def training_batches(
    dataset: LabelledImages,
    params: TrainParams,
    first_step: int,
    sides: tuple[int, ...] = INPUT_SIDES,
) -> Iterator[tuple[Tensor, list[Target]]]:
    """Augmented batches from `first_step` on; a batch depends on the seed and its step alone.

    sides: of the inputs, drawn from in the first part of training; the last is used after it.

    Raises:
        UserError: fewer training images than the batch size have a box to learn from.
    """
    targets = dataset.targets(params.min_score)
    rows = np.array([r for r in dataset.rows("train") if len(targets[r]["boxes"])])
    _require_batch(len(rows), params)
    sure = dataset.targets(SURE)
    weights = repeat_factors([sure[row] for row in rows], params.rare_below)
    for step in range(first_step, params.steps):
        random = np.random.default_rng([params.seed, step])
        chosen = random.choice(rows, params.batch_size, replace=False, p=weights / weights.sum())
        at_full_size = step >= params.full_size_from * params.steps
        size = sides[-1] if at_full_size else int(random.choice(sides))
        pairs = zip(dataset.images(chosen), chosen, strict=True)
        batch = [augment(image, targets[row], size, random) for image, row in pairs]
        yield torch.stack([image for image, _ in batch]), [target for _, target in batch]


def _require_batch(images: int, params: TrainParams) -> None:
    if images < params.batch_size:
        raise UserError(
            f"{images} training images have a box above train.min_score = {params.min_score};"
            f" at least train.batch_size = {params.batch_size} are needed"
        )


def repeat_factors(targets: Sequence[Target], rare_below: float) -> NDArray[np.float64]:
    """Sampling weight of each image, (N,), at least 1.

    A class in a fraction f of the images asks for sqrt(rare_below / f); an image follows the
    rarest of its classes. Source: Gupta et al., LVIS, CVPR 2019.
    """
    present = [np.unique(target["labels"].numpy()) for target in targets]
    images_with = np.bincount(np.concatenate(present)).clip(min=1)  # by class
    per_class = np.sqrt(rare_below * len(targets) / images_with)
    return np.array([per_class[classes].max(initial=1.0) for classes in present])


def augment(
    image: Tensor, target: Target, size: int, random: np.random.Generator
) -> tuple[Tensor, Target]:
    """Random crop of the image (3, S, S), scaled to `size`; flipped half of the time."""
    whole = image.shape[-1]
    side = round(whole * random.uniform(_SMALLEST_CROP, 1.0))
    left, top = (int(random.integers(whole - side + 1)) for _ in "xy")
    cropped, cropped_target = crop(image, target, (left, top, side), size)
    if not len(cropped_target["boxes"]):
        cropped, cropped_target = crop(image, target, (0, 0, whole), size)
    return flip(cropped, cropped_target) if random.random() < 0.5 else (cropped, cropped_target)


def crop(
    image: Tensor, target: Target, window: tuple[int, int, int], size: int
) -> tuple[Tensor, Target]:
    """Crop a square window (left, top, side), scale it to `size`, drop boxes mostly outside it."""
    left, top, side = window
    part = image[None, :, top : top + side, left : left + side]
    scaled = F.interpolate(part, (size, size), mode="bilinear", antialias=True)[0]
    offset = torch.tensor([left, top, left, top], dtype=torch.float32)
    boxes = (target["boxes"] - offset).clamp(0, side)
    keep = box_area(boxes) > _LEAST_VISIBLE * box_area(target["boxes"])
    kept = {name: values[keep] for name, values in target.items()}
    return scaled, kept | {"boxes": boxes[keep] * (size / side)}


def flip(image: Tensor, target: Target) -> tuple[Tensor, Target]:
    """Horizontal flip."""
    x1, y1, x2, y2 = target["boxes"].unbind(1)
    width = image.shape[-1]
    return image.flip(-1), target | {"boxes": torch.stack([width - x2, y1, width - x1, y2], 1)}


def trust(scores: Tensor) -> Tensor:
    """Weight in 0..1 of a teacher's box of this score."""
    return ((scores - _DOUBTFUL) / (SURE - _DOUBTFUL)).clamp(0.0, 1.0)


def present_classes(targets: list[Target], classes: int) -> Tensor:
    """Soft labels, (N, C - 1) in 0..1: per image and class the weight of the teacher's best box.

    classes: C, with the background, which has no column.
    """
    present = torch.zeros(len(targets), classes - 1)
    for row, target in zip(present, targets, strict=True):
        row.scatter_reduce_(0, target["labels"] - 1, trust(target["scores"]), "amax")
    return present


def fit_presence(features: Tensor, present: Tensor, penalty: float) -> nn.Linear:
    """One logistic regression per class on the images' features (N, D), for (N, C) in 0..1.

    penalty: of half the squared weights of standardised features, added to the mean cross-entropy.
    The result takes raw features.
    """
    mean, spread = features.mean(0), features.std(0) + _LEAST_SPREAD
    scaled = (features - mean) / spread
    regression = nn.Linear(features.shape[1], present.shape[1])
    nn.init.zeros_(regression.weight)
    nn.init.zeros_(regression.bias)
    optimizer = torch.optim.LBFGS(
        regression.parameters(), max_iter=_FIT_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        errors = F.binary_cross_entropy_with_logits(regression(scaled), present, reduction="sum")
        total = errors / len(features) + penalty / 2 * regression.weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        regression.weight.div_(spread)
        regression.bias.sub_(regression.weight @ mean)
    return regression.requires_grad_(False)
