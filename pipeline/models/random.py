"""Random: every pair gets a class drawn uniformly at random."""

from collections.abc import Mapping

import numpy as np

from pipeline.models.classifier import Classes, Vectors


def votes(
    vectors: Mapping[str, Vectors], gold: Mapping[str, Classes], classes: int, seed: int
) -> Vectors:
    """One vote per test pair, (n, classes): 1 for the class drawn, else 0."""
    drawn = np.random.default_rng(seed).integers(classes, size=len(vectors["test"]))
    return np.eye(classes, dtype=np.float32)[drawn]
