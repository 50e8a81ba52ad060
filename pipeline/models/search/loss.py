"""The ranking loss of AMC, and the sampling of its negatives."""

import numpy as np
import numpy.typing as npt
from torch import Tensor

Mask = npt.NDArray[np.bool_]


def sample_negatives(relevant: Mask, count: int, rng: np.random.Generator) -> Mask:
    """Draw up to `count` irrelevant images per query, without replacement.

    relevant: (B, I), which images of a batch are relevant to each of its queries. Returns (B, I),
    true for the drawn images.
    """
    draw = rng.random(relevant.shape)
    draw[relevant] = np.inf
    threshold = np.sort(draw, axis=1)[:, : min(count, draw.shape[1])][:, -1:]  # (B, 1)
    chosen: Mask = (draw <= threshold) & ~relevant
    return chosen


def ranking_loss(
    scores: Tensor, positive: Tensor, negatives: Tensor, margin: float, hinge: str
) -> Tensor:
    """Hinge loss max(0, a - cos(+) + cos(-)) over negatives, the mean over queries; a scalar.

    scores: (B, I) cosines of queries and images. positive: (B,) the index of each query's clicked
    image. negatives: (B, I) bool. margin: a. hinge: per_negative, a hinge for each negative |
    summed, one of their sum.
    """
    positives = scores.gather(1, positive.unsqueeze(1))  # (B, 1)
    gaps = margin - positives + scores  # (B, I)
    if hinge == "per_negative":
        return (gaps.relu() * negatives).sum(1).mean()
    return (gaps * negatives).sum(1).relu().mean()
