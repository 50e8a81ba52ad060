"""Accuracy and F1 from confusion counts; early stopping selects by weighted F1."""

import numpy as np
import numpy.typing as npt

Classes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Floats = npt.NDArray[np.float64]


def f1_scores(gold: Classes, predicted: Classes) -> dict[str, float]:
    """`accuracy`, `f1_weighted` and `f1_macro`, from 0 to 1, over the classes that occur."""
    occurring, indices = np.unique(np.concatenate((gold, predicted)), return_inverse=True)
    actual, found = np.split(indices, 2)
    counts = confusion_counts(actual, found, len(occurring))
    return {name: float(values[0]) for name, values in scores_of_counts(counts[None]).items()}


# By hand, since training needs it and scikit-learn takes as long to import as PyTorch.
def confusion_counts(gold: Classes, predicted: Classes, classes: int) -> Classes:
    """(n,), (n,) -> how often each class was predicted as each: (actual, predicted)."""
    cells = np.bincount(gold * classes + predicted, minlength=classes**2)
    return cells.reshape(classes, classes)


def scores_of_counts(counts: Counts) -> dict[str, Floats]:
    """`accuracy`, `f1_weighted` and `f1_macro` (m,) of m confusion matrices (m, actual, predicted).

    A class that is neither annotated nor predicted has F1 0.
    """
    hits, actual = counts.diagonal(axis1=1, axis2=2), counts.sum(2)  # (m, C)
    f1 = f1_of_counts(counts)
    total = counts.sum((1, 2))
    return {
        "accuracy": hits.sum(1) / total,
        "f1_weighted": (f1 * actual).sum(1) / total,
        "f1_macro": f1.mean(1),
    }


def f1_of_counts(counts: Counts) -> Floats:
    """F1 of each class (m, C) of m confusion matrices (m, actual, predicted); 0 without pairs."""
    hits = counts.diagonal(axis1=1, axis2=2)  # (m, C)
    return np.asarray(2 * hits / np.maximum(counts.sum(2) + counts.sum(1), 1))
