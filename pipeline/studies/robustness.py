"""What the paper did not vary: how much is learned from, and how well it is labelled."""

import numpy as np

from pipeline.training.data import PairFeatures


def with_fraction(features: PairFeatures, fraction: float, seed: int) -> PairFeatures:
    """Train pairs left out at random until this fraction of them remains, at least one.

    With the same seed, a smaller fraction is part of a larger one.
    """
    train = features.rows("train")
    kept = max(1, round(fraction * len(train)))
    return features.without(np.random.default_rng(seed).permutation(train)[kept:])


def with_label_noise(features: PairFeatures, rate: float, classes: int, seed: int) -> PairFeatures:
    """This share of the train pairs labelled as another class, all other classes alike.

    Dev and test keep their labels. With the same seed, a smaller rate's faults are part of a
    larger one's.
    """
    rng = np.random.default_rng(seed)
    train = features.rows("train")
    order, offsets = rng.permutation(train), rng.integers(1, classes, size=len(train))
    wrong = round(rate * len(train))
    labels = features.labels.copy()
    labels[order[:wrong]] = (labels[order[:wrong]] + offsets[:wrong]) % classes
    return features.relabelled(labels)
