"""Accuracy and F1 from confusion counts; early stopping selects by weighted F1."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix

Classes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Floats = npt.NDArray[np.float64]


def f1_scores(gold: Classes, predicted: Classes) -> dict[str, float]:
    """`accuracy`, `f1_weighted` and `f1_macro`, from 0 to 1, over the classes that occur."""
    counts = confusion_matrix(gold, predicted, labels=np.union1d(gold, predicted))
    return {name: float(values[0]) for name, values in scores_of_counts(counts[None]).items()}


def scores_of_counts(counts: Counts) -> dict[str, Floats]:
    """`accuracy`, `f1_weighted` and `f1_macro` (m,) of m confusion matrices (m, actual, predicted).

    A class that is neither annotated nor predicted has F1 0.
    """
    hits = counts.diagonal(axis1=1, axis2=2)  # (m, C)
    actual, predicted = counts.sum(2), counts.sum(1)  # (m, C)
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    total = counts.sum((1, 2))
    return {
        "accuracy": hits.sum(1) / total,
        "f1_weighted": (f1 * actual).sum(1) / total,
        "f1_macro": f1.mean(1),
    }
