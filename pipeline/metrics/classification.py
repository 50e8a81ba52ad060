"""Classification metrics."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau

from pipeline.metrics.f1 import Classes, confusion_counts, f1_of_counts, scores_of_counts

Probabilities = npt.NDArray[np.float32]


def classification_metrics(
    gold: Classes, predicted: Classes, labels: Sequence[str]
) -> dict[str, float]:
    """Accuracy and F1, from 0 to 1, of predicted class indices (n,).

    `f1_weighted` weights each class by its share of gold, as the paper does; `f1_macro` weights all
    equally. A class that is neither annotated nor predicted has F1 0.
    """
    counts = confusion_counts(gold, predicted, len(labels))[None]
    scores = {name: float(values[0]) for name, values in scores_of_counts(counts).items()}
    f1 = f1_of_counts(counts)[0]
    return scores | {f"f1.{name}": float(value) for name, value in zip(labels, f1, strict=True)}


def rank_agreement(gold: Classes, probabilities: Probabilities) -> float:
    """Kendall's tau-c between classes (n,) and the expected class of probabilities (n, C).

    From -1 to 1; 0 where either is constant. It means something where the classes are ordered.
    """
    expected = probabilities @ np.arange(probabilities.shape[1])  # (n,)
    if np.ptp(gold) == 0 or np.ptp(expected) == 0:
        return 0.0
    return float(kendalltau(gold, expected, variant="c").statistic)
