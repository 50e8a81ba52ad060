"""Majority: every pair gets the class that is commonest in training."""

from collections.abc import Mapping

import numpy as np

from pipeline.models.classifier import Classes, Vectors


def votes(
    vectors: Mapping[str, Vectors], gold: Mapping[str, Classes], classes: int, seed: int
) -> Vectors:
    """The same votes for each test pair, whatever its features."""
    return majority_votes(gold["train"], len(vectors["test"]), classes)


def majority_votes(train: Classes, pairs: int, classes: int) -> Vectors:
    """The shares of the classes in training, the same for each of the pairs: (pairs, classes)."""
    shares = np.bincount(train, minlength=classes) / len(train)
    return np.tile(shares.astype(np.float32), (pairs, 1))
