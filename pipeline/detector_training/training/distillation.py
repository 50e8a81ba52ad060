"""Feature distillation: most channels of fc7 learn to repeat the frozen ImageNet trunk's features.

The teacher names few classes, and most of its boxes are people; trained on these alone, fc7 keeps
little of what a region shows.
Source: Romero et al., FitNets, ICLR 2015; on regions: Li et al., Mimicking Very Efficient Network
for Object Detection, CVPR 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.detector_training.training.losses import Regions
from pipeline.encoders.detectors.lite import FEATURE_DIM, IMAGE_DIM, LAST_DIM, REGION_DIM, Channels

_LEAST_SPREAD = 1e-3


class Distillation(nn.Module):
    """Mean squared error between channels of fc7 and fixed linear maps of the means that it reads:
    an orthogonal mixture of the region's means over the trunk's maps at strides 16 and 32; one of
    the image's over the last of them; and per class, an image classifier's logit.

    The mixture spreads the features over all channels, so that none stands out.

    classes: without the background.
    """

    own: Tensor
    whole: Tensor
    whole_bias: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.channels = Channels.of(classes)
        self.register_buffer("own", nn.init.orthogonal_(torch.empty(REGION_DIM, REGION_DIM)))
        whole = torch.zeros(LAST_DIM + classes, IMAGE_DIM)
        nn.init.orthogonal_(whole[:LAST_DIM, :LAST_DIM])
        self.register_buffer("whole", whole)
        self.register_buffer("whole_bias", torch.zeros(len(whole)))

    @torch.no_grad()
    def teach_images(self, presence: nn.Linear, means: Tensor) -> None:
        """Take the logits from a regression on ImageNet's last layer (C, 1280), and standardise
        the image's targets over the images' means (N, 1600)."""
        self.whole[LAST_DIM:, LAST_DIM:] = presence.weight
        taught = F.linear(means, self.whole)  # N x (320 + C)
        spread = taught.std(0) + _LEAST_SPREAD
        self.whole_bias.copy_(-taught.mean(0) / spread)
        self.whole.div_(spread.unsqueeze(1))

    @torch.no_grad()
    def start(self, fc7: nn.Linear) -> None:
        """Initialise fc7 with its targets, which are linear in its input."""
        own, whole = self.channels.region, slice(self.channels.image.start, self.taught)
        fc7.weight[: self.taught] = 0
        fc7.bias[: self.taught] = 0
        fc7.weight[own, FEATURE_DIM : FEATURE_DIM + REGION_DIM] = self.own
        fc7.weight[whole, FEATURE_DIM + REGION_DIM :] = self.whole
        fc7.bias[whole] = self.whole_bias

    @property
    def taught(self) -> int:
        """How many channels, the first ones, are distilled."""
        return int(self.channels.evidence.stop)

    def forward(self, regions: Regions) -> Tensor:
        """The mean squared error of the distilled channels."""
        own = F.linear(regions.own_means.float(), self.own)  # N x 432
        whole = F.linear(regions.image_means.float(), self.whole, self.whole_bias)
        wanted = torch.cat([own, whole], 1)  # N x (432 + 320 + C)
        return F.mse_loss(regions.fc7[:, : self.taught].float(), wanted)
