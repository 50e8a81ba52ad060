"""Multinomial logistic regression on frozen features, the plainest of modern references."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from pipeline.models.classifier import Classes, Vectors

# Inverse regularisation strengths; dev chooses.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


def votes(
    vectors: Mapping[str, Vectors], gold: Mapping[str, Classes], classes: int, seed: int
) -> Vectors:
    """Probabilities of each test pair's classes; nothing is drawn, so every seed gives the same."""
    train, dev = ((vectors[split], gold[split]) for split in ("train", "dev"))
    model = fit_logistic_regression(train, dev)
    found = np.zeros((len(vectors["test"]), classes), np.float32)
    with threadpool_limits(1):
        found[:, model.classes_] = model.predict_proba(vectors["test"])
    return found


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
