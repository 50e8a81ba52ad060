"""What fc7 learns beside the teacher's classes: what ImageNet's network sees in a region, and which
classes the whole photo seems to hold.

The teacher names few classes, and most of its boxes are people; taught by these alone, fc7 keeps
little of what a region shows. So most of its channels have to repeat the trunk's features there.
Source: Romero et al., FitNets, ICLR 2015; on regions: Li et al., Mimicking Very Efficient Network
for Object Detection, CVPR 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.features.detectors.lite import FEATURE_DIM, TRUNK_DIM
from pipeline.features.detectors.training.losses import Regions

_FREE = 160  # channels of fc7 that are left to the classes and boxes
_LEAST_SPREAD = 1e-3


class Distillation(nn.Module):
    """Holds the first channels of fc7 against a fixed mixture of the region's mean over the trunk's
    maps at strides 16 and 32, and the next ones, one per class, against a linear model's evidence
    of that class in the whole photo. The last 160 channels are free.

    Mixed and nearly twice over, what is taught of the region has the larger share of fc7 and none
    of its channels stands out: a model that reads fc7 need not find it among channels that mean
    something else.

    classes: without the background.
    """

    mixture: Tensor
    evidence: Tensor
    evidence_bias: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        mixed = FEATURE_DIM - _FREE - classes
        mixture = nn.init.orthogonal_(torch.empty(mixed, TRUNK_DIM))  # its columns: orthonormal
        self.register_buffer("mixture", F.normalize(mixture))
        self.register_buffer("evidence", torch.zeros(classes, TRUNK_DIM))
        self.register_buffer("evidence_bias", torch.zeros(classes))

    @torch.no_grad()
    def teach_presence(self, regression: nn.Linear, means: Tensor) -> None:
        """Take the evidence from a regression, scaled to mean 0 and spread 1 over photos' means
        (N, 432)."""
        logits = regression(means)  # N x classes
        spread = logits.std(0) + _LEAST_SPREAD
        self.evidence.copy_(regression.weight / spread.unsqueeze(1))
        self.evidence_bias.copy_((regression.bias - logits.mean(0)) / spread)

    @torch.no_grad()
    def start(self, fc7: nn.Linear) -> None:
        """Let fc7 begin with what it has to repeat: all of it is linear in what fc7 reads."""
        taught = FEATURE_DIM - _FREE
        own = slice(FEATURE_DIM, FEATURE_DIM + TRUNK_DIM)
        fc7.weight[:taught] = 0
        fc7.bias[:taught] = 0
        fc7.weight[: len(self.mixture), own] = self.mixture
        fc7.weight[len(self.mixture) : taught, own.stop :] = self.evidence
        fc7.bias[len(self.mixture) : taught] = self.evidence_bias

    def forward(self, regions: Regions) -> Tensor:
        """The mean squared error of the taught channels."""
        mixed = F.linear(regions.own_means.float(), self.mixture)  # N x 784
        evidence = F.linear(regions.picture_means.float(), self.evidence, self.evidence_bias)
        wanted = torch.cat([mixed, evidence], 1)  # N x 864
        return F.mse_loss(regions.fc7[:, : wanted.shape[1]].float(), wanted)
