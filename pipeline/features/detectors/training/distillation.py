"""What fc7 learns beside the teacher's classes: what ImageNet's network sees in a region.

The teacher names few classes, and most of its boxes are people; taught by these alone, fc7 keeps
little of what a region shows. So most of its channels have to repeat the trunk's features there.
Source: Romero et al., FitNets, ICLR 2015; on regions: Li et al., Mimicking Very Efficient Network
for Object Detection, CVPR 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from pipeline.features.efficientnet_lite import EfficientNetLite0

_FIRST = 1  # of the trunk's maps: stride 16, the smallest scale on which objects are told apart
_SAMPLES = 4  # points per side of a region, in RoIAlign
_LEAST_SPREAD = 1e-3
_SOURCE = sum(EfficientNetLite0.channels[_FIRST:])  # 432
_TAUGHT = 2 * _SOURCE  # channels of fc7; the other 160 are left to the classes and boxes


class Distillation(nn.Module):
    """Holds the first 864 channels of fc7 against a fixed mixture of the region's mean over the
    trunk's maps at strides 16 and 32.

    Mixed and twice over, what is taught has the larger share of fc7 and no channel stands out: a
    model that reads fc7 need not find it among channels that mean something else.
    """

    mean: Tensor
    spread: Tensor
    mixture: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(_SOURCE))
        self.register_buffer("spread", torch.ones(_SOURCE))
        mixture = nn.init.orthogonal_(torch.empty(_TAUGHT, _SOURCE))  # its columns are orthonormal
        self.register_buffer("mixture", F.normalize(mixture))

    @torch.no_grad()
    def measure(self, maps: list[Tensor]) -> None:
        """Take each channel's mean and spread over all places of some photos' maps."""
        places = [x.transpose(0, 1).flatten(1) for x in maps[_FIRST:]]  # C x (B h w) each
        self.mean.copy_(torch.cat([x.mean(1) for x in places]))
        self.spread.copy_(torch.cat([x.std(1) for x in places]) + _LEAST_SPREAD)

    def forward(self, fc7: Tensor, maps: list[Tensor], boxes: list[Tensor]) -> Tensor:
        """The mean squared error of the taught channels.

        fc7: (N, 1024). maps: the trunk's. boxes: (N_i, 4) of each image, in pixels; N in all.
        """
        wanted = F.linear(self.descriptors(maps, boxes), self.mixture)  # N x 864
        return F.mse_loss(fc7[:, :_TAUGHT].float(), wanted)

    @torch.no_grad()
    def descriptors(self, maps: list[Tensor], boxes: list[Tensor]) -> Tensor:
        """The regions' means over the maps: (N, 432), each channel in spreads from its mean."""
        strides = EfficientNetLite0.strides[_FIRST:]
        pooled = [
            roi_align(x.float(), boxes, 1, 1 / stride, _SAMPLES, aligned=True).flatten(1)
            for x, stride in zip(maps[_FIRST:], strides, strict=True)
        ]
        return (torch.cat(pooled, 1) - self.mean) / self.spread
