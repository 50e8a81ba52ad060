"""What fc7 learns beside the teacher's classes: what ImageNet's network sees in a region and in the
whole photo, and which classes that photo seems to hold.

The teacher names few classes, and most of its boxes are people; taught by these alone, fc7 keeps
little of what a region shows. So most of its channels have to repeat the trunk's features.
Source: Romero et al., FitNets, ICLR 2015; on regions: Li et al., Mimicking Very Efficient Network
for Object Detection, CVPR 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.features.detectors.lite import (
    FEATURE_DIM,
    LAST_DIM,
    OWN_DIM,
    PICTURE_DIM,
    Channels,
)
from pipeline.features.detectors.training.losses import Regions

_LEAST_SPREAD = 1e-3


class Distillation(nn.Module):
    """Holds channels of fc7 against fixed linear maps of the means that it reads: a mixture of the
    region's means over the trunk's maps at strides 16 and 32; a mixture of the photo's over the
    last of them; and, one per class, a linear model's evidence of that class in the photo.

    Mixed, none of what is taught stands out: a model that reads fc7 need not find it among
    channels that mean something else.

    classes: without the background.
    """

    own: Tensor
    whole: Tensor
    whole_bias: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.channels = Channels.of(classes)
        self.register_buffer("own", nn.init.orthogonal_(torch.empty(OWN_DIM, OWN_DIM)))
        whole = torch.zeros(LAST_DIM + classes, PICTURE_DIM)
        nn.init.orthogonal_(whole[:LAST_DIM, :LAST_DIM])
        self.register_buffer("whole", whole)
        self.register_buffer("whole_bias", torch.zeros(len(whole)))

    @torch.no_grad()
    def teach_photos(self, presence: nn.Linear, means: Tensor) -> None:
        """Take the evidence from a regression on ImageNet's last layer (C, 1280), and scale all
        that is taught of the photo to mean 0 and spread 1 over photos' means (N, 1600)."""
        self.whole[LAST_DIM:, LAST_DIM:] = presence.weight
        taught = F.linear(means, self.whole)  # N x (320 + C)
        spread = taught.std(0) + _LEAST_SPREAD
        self.whole_bias.copy_(-taught.mean(0) / spread)
        self.whole.div_(spread.unsqueeze(1))

    @torch.no_grad()
    def start(self, fc7: nn.Linear) -> None:
        """Let fc7 begin with what it has to repeat: all of it is linear in what fc7 reads."""
        own, whole = self.channels.own, slice(self.channels.picture.start, self.taught)
        fc7.weight[: self.taught] = 0
        fc7.bias[: self.taught] = 0
        fc7.weight[own, FEATURE_DIM : FEATURE_DIM + OWN_DIM] = self.own
        fc7.weight[whole, FEATURE_DIM + OWN_DIM :] = self.whole
        fc7.bias[whole] = self.whole_bias

    @property
    def taught(self) -> int:
        """How many channels, the first ones, are held."""
        return int(self.channels.evidence.stop)

    def forward(self, regions: Regions) -> Tensor:
        """The mean squared error of the taught channels."""
        own = F.linear(regions.own_means.float(), self.own)  # N x 432
        whole = F.linear(regions.picture_means.float(), self.whole, self.whole_bias)
        wanted = torch.cat([own, whole], 1)  # N x (432 + 320 + C)
        return F.mse_loss(regions.fc7[:, : self.taught].float(), wanted)
