"""How well predicted classes agree with the annotated ones."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

Classes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

# The share of resamples below and above a 95 % interval, in percent.
_TAILS = (2.5, 97.5)


def classification_metrics(
    gold: Classes, predicted: Classes, labels: Sequence[str]
) -> dict[str, float]:
    """Accuracy and F1, from 0 to 1, of predicted class indices (n,).

    `f1_weighted` weighs each class by its share of gold, as the paper does; `f1_macro` weighs all
    alike. A class that is neither annotated nor predicted has F1 0.
    """
    indices = range(len(labels))
    f1 = f1_score(gold, predicted, labels=indices, average=None, zero_division=0)
    return {
        "accuracy": float(accuracy_score(gold, predicted)),
        "f1_weighted": weighted_f1(gold, predicted),
        "f1_macro": float(f1.mean()),
        **{f"f1.{name}": float(value) for name, value in zip(labels, f1, strict=True)},
    }


def weighted_f1(gold: Classes, predicted: Classes) -> float:
    """The mean of the classes' F1, weighed by their share of gold."""
    return float(f1_score(gold, predicted, average="weighted", zero_division=0))


def bootstrap_intervals(
    gold: Classes, predicted: Classes, classes: int, resamples: int, seed: int
) -> dict[str, float]:
    """95 % percentile intervals of accuracy and weighted F1 over resampled pairs.

    Both depend on the confusion counts alone, and the counts of n pairs drawn with replacement are
    one multinomial draw: the same intervals as from resampled pairs, without drawing pairs.
    """
    if resamples == 0:
        return {}
    counts = confusion_matrix(gold, predicted, labels=range(classes))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(counts.sum(), counts.ravel() / counts.sum(), size=resamples)
    drawn = drawn.reshape(resamples, classes, classes)
    intervals: dict[str, float] = {}
    for name, values in zip(("accuracy", "f1_weighted"), _from_counts(drawn), strict=True):
        low, high = np.percentile(values, _TAILS)
        intervals |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return intervals


def _from_counts(counts: Counts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Accuracy and weighted F1 (m,) of m confusion matrices (m, actual, predicted)."""
    hits = counts.diagonal(axis1=1, axis2=2)  # (m, C)
    actual, predicted = counts.sum(2), counts.sum(1)  # (m, C)
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    total = counts.sum((1, 2))
    return hits.sum(1) / total, (f1 * actual).sum(1) / total
