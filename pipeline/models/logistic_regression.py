"""Multinomial logistic regression on frozen features, the plainest of modern references."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

Vectors = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int64]

# Inverse regularisation strengths; dev chooses.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


def fit_logistic_regression(
    train: tuple[Vectors, Classes], dev: tuple[Vectors, Classes]
) -> Pipeline:
    """Standardise and fit (n, D) vectors to (n,) classes, as strictly as does best on dev."""
    # One thread, so that the sums do not depend on the number of cores.
    with threadpool_limits(1):
        models = [_fitted(strength, *train) for strength in _STRENGTHS]
        return max(models, key=lambda model: float(model.score(*dev)))


def _fitted(strength: float, vectors: Vectors, gold: Classes) -> Pipeline:
    model: Any = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    return model.fit(vectors, gold)
