"""Classification metrics."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

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
    m = min(len(np.unique(gold)), len(np.unique(expected)))
    if m < 2:
        return 0.0
    groups = [np.sort(expected[gold == label]) for label in np.unique(gold)]
    excess = sum(_excess(*pair) for pair in combinations(groups, 2))
    return 2 * m * excess / (len(gold) ** 2 * (m - 1))


def _excess(lower: Probabilities, upper: Probabilities) -> int:
    """How many more pairs of a value of each rise than fall; both sorted."""
    rising = np.searchsorted(lower, upper, "left").sum()
    falling = (len(lower) - np.searchsorted(lower, upper, "right")).sum()
    return int(rising - falling)
