"""Random: every pair gets a class by chance, all classes alike."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def random_votes(pairs: int, classes: int, seed: int) -> npt.NDArray[np.float32]:
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
