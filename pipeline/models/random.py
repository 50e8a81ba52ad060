"""Random: every pair gets a class by chance, all classes alike."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.models.classifier import Classes, Vectors


def votes(
    vectors: Mapping[str, Vectors], gold: Mapping[str, Classes], classes: int, seed: int
) -> Vectors:
    """A vote per class for each test pair; of all that is known, only their number is used."""
    return random_votes(len(vectors["test"]), classes, seed)


def random_votes(pairs: int, classes: int, seed: int) -> Vectors:
    """One vote per pair, (pairs, classes): 1 for the class drawn, else 0."""
    drawn = np.random.default_rng(seed).integers(classes, size=pairs)
    return np.eye(classes, dtype=np.float32)[drawn]


def expected_scores(counts: Sequence[int]) -> tuple[float, float]:
    """Accuracy and weighted F1 that uniform guessing approaches on classes of these sizes.

    With C classes and class c a share p_c of the pairs, its precision is p_c and its recall 1/C.
    """
    shares = np.array(counts) / sum(counts)
    recall = 1 / len(counts)
    f1 = 2 * shares * recall / (shares + recall)
    return recall, float(shares @ f1)
