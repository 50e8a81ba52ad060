"""Non-maximum suppression in many groups of boxes at once."""

import torch
from torch import Tensor

# Half of all photos have no longer chain of suppression.
_ROUNDS = 12


def keep_apart(boxes: Tensor, real: Tensor, threshold: float) -> Tensor:
    """Greedy suppression: a box is kept unless a kept one before it overlaps it by more.

    boxes: (G, N, 4), best first in each group. real: (G, N) bool; the others are never kept and
    suppress nothing.

    The rule is an equation in what is kept, and only the greedy choice solves it. Each round
    applies it to all boxes at once, and after n rounds the first n of every chain of suppression
    are right. The rounds end when one of them changes nothing; the host looks after each twelve.

    Returns (G, N) bool.
    """
    # Half precision is exact: whether there are any is all that is asked of the sums.
    hits = (_overlaps(boxes) > threshold).triu(1).half()  # G x N x N: i, which is before j, hits j
    candidates = real[:, None].half()  # G x 1 x N
    kept = candidates
    while True:
        for _ in range(_ROUNDS):
            before, kept = kept, torch.baddbmm(candidates, kept, hits, alpha=-1).relu_()
        if torch.equal(before, kept):
            return kept[:, 0] > 0


def _overlaps(boxes: Tensor) -> Tensor:
    """Intersection over union of each two boxes of a group, (G, N, N); NaN between empty ones."""
    corners = boxes.unsqueeze(2)
    sides = torch.minimum(corners[..., 2:], boxes[:, None, :, 2:])
    sides = (sides - torch.maximum(corners[..., :2], boxes[:, None, :, :2])).clamp(min=0)
    shared = sides.prod(-1)
    areas = box_areas(boxes)
    return shared / (areas[:, :, None] + areas[:, None] - shared)


def box_areas(boxes: Tensor) -> Tensor:
    """(..., 4) to (...)."""
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)
