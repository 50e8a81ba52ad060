"""Majority: every pair gets the class that is commonest in training."""

import numpy as np
import numpy.typing as npt


def majority_votes(
    train: npt.NDArray[np.int64], pairs: int, classes: int
) -> npt.NDArray[np.float32]:
    """The shares of the classes in training, the same for each of the pairs: (pairs, classes)."""
    shares = np.bincount(train, minlength=classes) / len(train)
    return np.tile(shares.astype(np.float32), (pairs, 1))
