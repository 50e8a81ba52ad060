"""Multinomial logistic regression on frozen features."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from pipeline.models.classifier import Classes, Vectors, require_classes

# Inverse regularisation strengths, selected on dev.
_STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


def votes(
    vectors: Mapping[str, Vectors], gold: Mapping[str, Classes], classes: int, seed: int
) -> Vectors:
    """Class probabilities (n, classes) of the test pairs; deterministic, whatever the seed."""
    train, dev = ((vectors[split], gold[split]) for split in ("train", "dev"))
    model = fit_logistic_regression(train, dev)
    probabilities = np.zeros((len(vectors["test"]), classes), np.float32)
    with threadpool_limits(1):
        probabilities[:, model.classes_] = model.predict_proba(vectors["test"])
    return probabilities


def fit_logistic_regression(
    train: tuple[Vectors, Classes], dev: tuple[Vectors, Classes]
) -> Pipeline:
    """Fit standardised (n, D) vectors to (n,) classes; dev selects the regularisation.

    Raises:
        UserError: train has one class only.
    """
    require_classes(train[1])
    # One thread, so that the sums do not depend on the number of cores.
    with threadpool_limits(1):
        models: list[Any] = [
            make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000)).fit(
                *train
            )
            for strength in _STRENGTHS
        ]
        return max(models, key=lambda model: float(model.score(*dev)))
