"""Batch normalisation folded into the convolutions before it."""

from typing import Any

import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

_NORMS = (nn.BatchNorm2d, FrozenBatchNorm2d)


def fold_norms(module: nn.Module) -> None:
    """Replace every normalisation that follows a convolution among a module's children.

    The statistics are frozen, so each is a factor and a summand of the convolution's channels.
    """
    before: nn.Module | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, _NORMS) and isinstance(before, nn.Conv2d):
            _fold(before, child)
            setattr(module, name, nn.Identity())
        fold_norms(child)
        before = child


@torch.no_grad()
def _fold(convolution: nn.Conv2d, norm: Any) -> None:
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    bias = norm.bias - norm.running_mean * scale
    if convolution.bias is not None:
        bias = bias + convolution.bias * scale
    weight = convolution.weight * scale[:, None, None, None]
    convolution.weight = nn.Parameter(weight, requires_grad=False)
    convolution.bias = nn.Parameter(bias, requires_grad=False)
