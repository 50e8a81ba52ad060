"""Linear probe: how well a feature predicts which of the teacher's classes an image contains."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import Tensor

from pipeline.detector_training.dataset import LabelledImages, fit_presence
from pipeline.detector_training.evaluation.agreement import (
    MIN_TEACHER_SCORE,
    detect_rows,
    in_batches,
)
from pipeline.encoders.detectors.lite import FasterRCNNLite
from pipeline.errors import UserError

Matrix = NDArray[np.float32]
Present = NDArray[np.bool_]

# In half decades: in whole ones a feature's best penalty lies between two.
_PENALTIES = tuple(10 ** (-step / 2) for step in range(7))


@dataclass(frozen=True)
class Part:
    """One split of the probe: its rows, and which classes each image contains (N, C)."""

    rows: NDArray[np.int64]
    present: Present


def probe_parts(dataset: LabelledImages, classes: int) -> dict[str, Part]:
    """The train, tune and test parts, for the classes most frequent in the train part.

    Raises:
        UserError: a part has none of them.
    """
    rows = {split: dataset.rows(split) for split in ("train", "tune", "test")}
    sure = dataset.labels[dataset.labels["score"] > MIN_TEACHER_SCORE]
    present = np.zeros((len(dataset.table), dataset.labels["class"].max() + 1), bool)
    present[sure["photo"], sure["class"]] = True
    frequent = np.argsort(-present[rows["train"]].sum(0), kind="stable")[:classes]
    parts = {split: Part(r, present[r][:, frequent]) for split, r in rows.items()}
    for split, part in parts.items():
        if not part.present.any():
            raise UserError(
                f"none of the {len(part.rows)} {split} images has one of the {classes} most"
                f" frequent classes (evaluate.classes) with a score above {MIN_TEACHER_SCORE}"
            )
    return parts


def mean_fc7(model: FasterRCNNLite, dataset: LabelledImages, rows: NDArray[np.int64]) -> Matrix:
    """The mean over each image's regions: (N, 1024)."""
    means = [d.features[d.mask].mean(0) for d in detect_rows(model, dataset, rows)]
    return torch.stack(means).numpy()


def image_means(
    model: FasterRCNNLite, dataset: LabelledImages, rows: NDArray[np.int64]
) -> dict[str, Matrix]:
    """Each image's means over the trunk's last map, `trunk` (N, 320), and over ImageNet's last
    layer, `imagenet` (N, 1280)."""

    @torch.inference_mode()
    def means(batch: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        maps = model.backbone.pooled_maps(dataset.images(batch))
        return maps["trunk32"].mean((2, 3)), maps["imagenet"].mean((2, 3))

    last, imagenet = zip(*in_batches(means, rows, "pooled"), strict=True)
    return {"trunk": torch.cat(last).numpy(), "imagenet": torch.cat(imagenet).numpy()}


def linear_probe(features: dict[str, Matrix], parts: dict[str, Part]) -> Matrix:
    """Logits (N, C) of the test part.

    One logistic regression per class, fitted on the train part with the penalty that has the best
    mean average precision on the tune part.
    """
    train, tune, test = (torch.from_numpy(features[s]) for s in ("train", "tune", "test"))
    present = torch.from_numpy(parts["train"].present).float()
    probes = (fit_presence(train, present, penalty) for penalty in _PENALTIES)
    best = max(probes, key=lambda p: mean_precision(parts["tune"].present, p(tune).numpy()))
    logits: Matrix = best(test).numpy()
    return logits


def mean_precision(present: Present, scores: Matrix) -> float:
    """Mean average precision over the classes that occur, (N, C) each; NaN if none does."""
    occurring = present.any(0)
    if not occurring.any():
        return math.nan
    precisions = average_precision_score(present[:, occurring], scores[:, occurring], average=None)
    return float(np.mean(precisions))


def difference_interval(
    present: Present, scores: Matrix, others: Matrix, resamples: int, seed: int
) -> tuple[float, float]:
    """95 % bootstrap interval of the difference in mean precision, `scores` minus `others`."""
    random = np.random.default_rng(seed)
    differences = []
    for rows in random.integers(len(present), size=(resamples, len(present))):
        ours, theirs = (mean_precision(present[rows], x[rows]) for x in (scores, others))
        differences.append(ours - theirs)
    low, high = np.nanquantile(differences, (0.025, 0.975))
    return float(low), float(high)
