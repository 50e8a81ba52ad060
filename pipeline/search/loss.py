"""The ranking loss of AMC, and the pictures that a query must rank below its own."""

import numpy as np
import numpy.typing as npt
from torch import Tensor

Mask = npt.NDArray[np.bool_]


def sample_negatives(relevant: Mask, count: int, rng: np.random.Generator) -> Mask:
    """Up to `count` of the pictures that are not relevant to each query, drawn without replacement.

    Args:
        relevant: (B, I), which pictures of a batch are relevant to each of its queries.

    Returns: (B, I), true for those that were drawn.
    """
    draw = rng.random(relevant.shape)
    draw[relevant] = np.inf
    nearest = np.sort(draw, axis=1)[:, : min(count, draw.shape[1])][:, -1:]  # (B, 1)
    chosen: Mask = (draw <= nearest) & ~relevant
    return chosen


def ranking_loss(
    scores: Tensor, positive: Tensor, negatives: Tensor, margin: float, hinge: str
) -> Tensor:
    """The mean over queries of the hinges of all negatives: max(0, a - cos(+) + cos(-)).

    Args:
        scores: (B, I) cosines of queries and pictures.
        positive: (B,) each query's own picture.
        negatives: (B, I) bool, the pictures it is held against.
        margin: a.
        hinge: per_negative, a hinge for each negative | summed, one around their sum.
    """
    own = scores.gather(1, positive.unsqueeze(1))  # (B, 1)
    gaps = margin - own + scores  # (B, I)
    if hinge == "per_negative":
        return (gaps.relu() * negatives).sum(1).mean()
    return (gaps * negatives).sum(1).relu().mean()
