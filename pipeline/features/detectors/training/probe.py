"""Whether fc7 carries meaning: how well a linear model tells from it what stands in a photo."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from pipeline.features.detectors.lite import FasterRCNNLite
from pipeline.features.detectors.training.dataset import LabelledPhotos
from pipeline.features.detectors.training.evaluation import MIN_TEACHER_SCORE, detect_rows

Matrix = NDArray[np.float32]

_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)  # the inverse strengths that are tried on the tune photos
_BATCH = 8


@dataclass(frozen=True)
class Part:
    """What one split gives to the probe: its rows, and which classes stand in each photo (N, C)."""

    rows: NDArray[np.int64]
    present: NDArray[np.bool_]


def probe_parts(
    photos: LabelledPhotos, classes: int, train_photos: int, seed: int
) -> dict[str, Part]:
    """The train, tune and test parts, for the classes most frequent in the train part."""
    rows = {split: photos.rows(split) for split in ("train", "tune", "test")}
    random = np.random.default_rng(seed)
    rows["train"] = np.sort(random.permutation(rows["train"])[:train_photos])
    sure = photos.labels[photos.labels["score"] > MIN_TEACHER_SCORE]
    present = np.zeros((len(photos.table), photos.labels["class"].max() + 1), bool)
    present[sure["photo"], sure["class"]] = True
    frequent = np.argsort(-present[rows["train"]].sum(0), kind="stable")[:classes]
    return {split: Part(r, present[r][:, frequent]) for split, r in rows.items()}


def mean_fc7(model: FasterRCNNLite, photos: LabelledPhotos, rows: NDArray[np.int64]) -> Matrix:
    """The mean over each photo's regions: (N, 1024)."""
    means = [d.features[d.mask].mean(0) for d in detect_rows(model, photos, rows)]
    return torch.stack(means).numpy()


@torch.inference_mode()
def pooled(
    maps: Callable[[Tensor], Tensor], photos: LabelledPhotos, rows: NDArray[np.int64]
) -> Matrix:
    """The mean over a map (B, C, h, w) that a network makes of the photos: (N, C)."""
    batches = (photos.images(rows[i : i + _BATCH]) for i in range(0, len(rows), _BATCH))
    return torch.cat([maps(images).mean((2, 3)) for images in batches]).numpy()


def linear_probe(features: dict[str, Matrix], parts: dict[str, Part]) -> float:
    """Mean average precision on the test part over the classes that occur there.

    One logistic regression per class is fitted on the train part; the penalty is the one that
    does best on the tune part.
    """
    scores = {}
    for penalty in _PENALTIES:
        regression = LogisticRegression(C=penalty, max_iter=500)
        probe = make_pipeline(StandardScaler(), OneVsRestClassifier(regression))
        probe.fit(features["train"], parts["train"].present)
        tuned, tested = (
            _mean_precision(parts[s].present, probe.predict_proba(features[s]))
            for s in ("tune", "test")
        )
        scores[tuned] = tested
    return scores[max(scores)]


def _mean_precision(present: NDArray[np.bool_], scores: Matrix) -> float:
    occurring = present.any(0)
    precisions = average_precision_score(present[:, occurring], scores[:, occurring], average=None)
    return float(np.mean(precisions))
