"""What the regions of a photo tell together: which classes stand in it.

A model that reads all regions of a picture sees little more than their mean. The teacher's boxes
say what that mean should tell.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.features.detectors.lite import FEATURE_DIM
from pipeline.features.detectors.training.dataset import Target
from pipeline.features.detectors.training.losses import Regions, trust


class Presence(nn.Module):
    """A linear multi-label classifier on the mean of fc7 over a photo's regions.

    classes: with the background, which has no output.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.score = nn.Linear(FEATURE_DIM, classes - 1)

    def forward(self, regions: Regions, targets: list[Target]) -> Tensor:
        """The cross-entropy, added up over the classes, averaged over the photos.

        targets: one per photo; a class is present as surely as the teacher's best box of it says.
        """
        photos = torch.split(regions.fc7, regions.counts)
        means = torch.stack([fc7.mean(0) for fc7 in photos])  # B x 1024
        logits = self.score(means).float()  # B x (C - 1)
        present = torch.stack([self._present(target) for target in targets])
        return F.binary_cross_entropy_with_logits(logits, present, reduction="sum") / len(means)

    def _present(self, target: Target) -> Tensor:
        """(C - 1,), each in 0..1."""
        best = torch.zeros(self.score.out_features)
        trusted = trust(target["scores"])
        return best.scatter_reduce(0, target["labels"] - 1, trusted, "amax")
