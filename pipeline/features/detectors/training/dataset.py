"""Labelled photos on disk, and the batches a training step sees."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pipeline.errors import UserError
from pipeline.features.detectors.training.params import TrainParams

Target = dict[str, Tensor]  # boxes (K, 4) in pixels, labels (K,) int64, scores (K,) of the teacher

SURE = 0.5  # a teacher's box above this score counts in full
_SIZES = (160, 192, 224, 256)  # inputs of the first part of the training: cheaper, and a jitter
_SMALLEST_CROP = 0.7  # of the photo's side
_LEAST_VISIBLE = 0.4  # of a box's area, for the box to stay in a crop


@dataclass(frozen=True)
class LabelledPhotos:
    """Photos with the teacher's labels.

    pixels: (N, S, S, 3) uint8, may be memory-mapped. table: one row per photo with `name`, `key`
    and `split`. labels: one row per box with `photo` (row number), `class`, `score` and
    x1 y1 x2 y2 as fractions of the photo.
    """

    pixels: NDArray[np.uint8]
    table: pd.DataFrame
    labels: pd.DataFrame

    @classmethod
    def load(cls, folder: Path) -> "LabelledPhotos":
        """Read what `label_photos` wrote; the pixels stay on disk."""
        pixels = np.load(folder / "pixels.npy", mmap_mode="r", allow_pickle=False)
        table = pd.read_parquet(folder / "photos.parquet")
        return cls(pixels, table, pd.read_parquet(folder / "labels.parquet"))

    def rows(self, split: str) -> NDArray[np.int64]:
        """The row numbers of a split."""
        return np.flatnonzero(self.table["split"].to_numpy() == split)

    def targets(self, min_score: float) -> list[Target]:
        """The teacher's boxes above `min_score`, per photo, in pixels."""
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
        """The photos as (B, 3, S, S) float RGB in 0..1."""
        pixels = torch.from_numpy(np.ascontiguousarray(self.pixels[rows]))  # B x S x S x 3
        return pixels.permute(0, 3, 1, 2).float() / 255.0


def training_batches(
    photos: LabelledPhotos, params: TrainParams, first_step: int
) -> Iterator[tuple[Tensor, list[Target]]]:
    """Augmented batches from `first_step` on; a batch depends on the seed and its step alone.

    Errors: UserError where fewer training photos than a batch holds have a box to learn.
    """
    targets = photos.targets(params.min_score)
    rows = np.array([r for r in photos.rows("train") if len(targets[r]["boxes"])])
    if len(rows) < params.batch_size:
        raise UserError(
            f"{len(rows)} training photos have a box above train.min_score = {params.min_score};"
            f" at least train.batch_size = {params.batch_size} are needed"
        )
    sure = photos.targets(SURE)
    weights = repeat_factors([sure[row] for row in rows], params.rare_below)
    for step in range(first_step, params.steps):
        random = np.random.default_rng([params.seed, step])
        chosen = random.choice(rows, params.batch_size, replace=False, p=weights / weights.sum())
        size = _input_size(params, step, random)
        pairs = zip(photos.images(chosen), chosen, strict=True)
        batch = [augment(image, targets[row], size, random) for image, row in pairs]
        yield torch.stack([image for image, _ in batch]), [target for _, target in batch]


def repeat_factors(targets: Sequence[Target], rare_below: float) -> NDArray[np.float64]:
    """How many times as often as a common photo each photo should be seen: (N,), at least 1.

    A class in a fraction f of the photos asks for sqrt(rare_below / f); a photo follows the
    rarest of its classes. Source: Gupta et al., LVIS, CVPR 2019.
    """
    present = [np.unique(target["labels"].numpy()) for target in targets]
    photos_with = np.bincount(np.concatenate(present)).clip(min=1)  # by class
    per_class = np.sqrt(rare_below * len(targets) / photos_with)
    return np.array([per_class[classes].max(initial=1.0) for classes in present])


def _input_size(params: TrainParams, step: int, random: np.random.Generator) -> int:
    if step >= params.full_size_from * params.steps:
        return _SIZES[-1]
    return int(random.choice(_SIZES))


def augment(
    image: Tensor, target: Target, size: int, random: np.random.Generator
) -> tuple[Tensor, Target]:
    """Scale a random part of the image (3, S, S) to `size`; mirror it half of the time."""
    whole = image.shape[-1]
    side = round(whole * random.uniform(_SMALLEST_CROP, 1.0))
    left, top = (int(random.integers(whole - side + 1)) for _ in "xy")
    part, part_target = crop(image, target, (left, top, side), size)
    if not len(part_target["boxes"]):
        part, part_target = crop(image, target, (0, 0, whole), size)
    return mirror(part, part_target) if random.random() < 0.5 else (part, part_target)


def crop(
    image: Tensor, target: Target, window: tuple[int, int, int], size: int
) -> tuple[Tensor, Target]:
    """Scale a square window (left, top, side) to `size`; boxes mostly cut away are left out."""
    left, top, side = window
    part = image[None, :, top : top + side, left : left + side]
    scaled = F.interpolate(part, (size, size), mode="bilinear", antialias=True)[0]
    offset = torch.tensor([left, top, left, top], dtype=torch.float32)
    boxes = (target["boxes"] - offset).clamp(0, side)
    keep = _areas(boxes) > _LEAST_VISIBLE * _areas(target["boxes"])
    kept = {name: values[keep] for name, values in target.items()}
    return scaled, kept | {"boxes": boxes[keep] * (size / side)}


def mirror(image: Tensor, target: Target) -> tuple[Tensor, Target]:
    """Swap left and right."""
    x1, y1, x2, y2 = target["boxes"].unbind(1)
    width = image.shape[-1]
    return image.flip(-1), target | {"boxes": torch.stack([width - x2, y1, width - x1, y2], 1)}


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
