"""Classification metrics and calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau
from sklearn.metrics import accuracy_score, f1_score

from pipeline.metrics.f1 import Classes, f1_scores

Probabilities = npt.NDArray[np.float32]


def classification_metrics(
    gold: Classes, predicted: Classes, labels: Sequence[str]
) -> dict[str, float]:
    """Accuracy and F1, from 0 to 1, of predicted class indices (n,).

    `f1_weighted` weights each class by its share of gold, as the paper does; `f1_macro` weights all
    equally. A class that is neither annotated nor predicted has F1 0.
    """
    indices = range(len(labels))
    f1 = f1_score(gold, predicted, labels=indices, average=None, zero_division=0)
    return {
        "accuracy": float(accuracy_score(gold, predicted)),
        "f1_weighted": f1_scores(gold, predicted)["f1_weighted"],
        "f1_macro": float(f1.mean()),
        **{f"f1.{name}": float(value) for name, value in zip(labels, f1, strict=True)},
    }


def rank_agreement(gold: Classes, probabilities: Probabilities) -> float:
    """Kendall's tau-c between classes (n,) and the expected class of probabilities (n, C).

    From -1 to 1; 0 where either is constant. It means something where the classes are ordered.
    """
    expected = probabilities @ np.arange(probabilities.shape[1])  # (n,)
    if np.ptp(gold) == 0 or np.ptp(expected) == 0:
        return 0.0
    return float(kendalltau(gold, expected, variant="c").statistic)


@dataclass(frozen=True)
class Reliability:
    """n predictions by confidence, in bins of equal width from 0 to 1.

    count: pairs per bin. confidence, accuracy: means per bin, 0 where it is empty.
    """

    count: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error (Guo et al., ICML 2017, Eq. 3), from 0 to 1."""
        gaps = np.abs(self.confidence - self.accuracy)
        return float(self.count @ gaps / self.count.sum())


def reliability(gold: Classes, probabilities: Probabilities, bins: int) -> Reliability:
    """Compare confidence with accuracy, for classes (n,) and probabilities (n, C)."""
    confidence = probabilities.max(1).astype(np.float64)
    hit = probabilities.argmax(1) == gold
    # A bin holds its upper edge, as in the paper: (0, 1/M], (1/M, 2/M], ...
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    filled = np.maximum(count, 1)
    return Reliability(
        count=count,
        confidence=np.bincount(place, weights=confidence, minlength=bins) / filled,
        accuracy=np.bincount(place, weights=hit, minlength=bins) / filled,
    )
