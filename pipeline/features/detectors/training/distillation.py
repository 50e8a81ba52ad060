"""What fc7 learns beside the teacher's classes: what ImageNet's network sees in a region.

The teacher names few classes, and most of its boxes are people; taught by these alone, fc7 keeps
little of what a region shows. So most of its channels have to repeat the trunk's features there.
Source: Romero et al., FitNets, ICLR 2015; on regions: Li et al., Mimicking Very Efficient Network
for Object Detection, CVPR 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.features.detectors.lite import TRUNK_DIM
from pipeline.features.detectors.training.losses import Regions

_TAUGHT = 2 * TRUNK_DIM  # channels of fc7; the other 160 are left to the classes and boxes


class Distillation(nn.Module):
    """Holds the first 864 channels of fc7 against a fixed mixture of the region's mean over the
    trunk's maps at strides 16 and 32.

    Mixed and twice over, what is taught has the larger share of fc7 and no channel stands out: a
    model that reads fc7 need not find it among channels that mean something else.
    """

    mixture: Tensor

    def __init__(self) -> None:
        super().__init__()
        mixture = nn.init.orthogonal_(torch.empty(_TAUGHT, TRUNK_DIM))  # its columns: orthonormal
        self.register_buffer("mixture", F.normalize(mixture))

    def forward(self, regions: Regions) -> Tensor:
        """The mean squared error of the taught channels."""
        wanted = F.linear(regions.trunk_means.float(), self.mixture)  # N x 864
        return F.mse_loss(regions.fc7[:, :_TAUGHT].float(), wanted)
