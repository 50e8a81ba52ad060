"""Differences between bottom-up-attention's Caffe model and detectron2's own C4 models.

Its weights were converted for py-bottom-up-attention, a fork of detectron2 whose additional
configuration keys are supported here.
"""

from typing import Any

from detectron2.config import CfgNode
from detectron2.modeling.roi_heads import Res5ROIHeads
from torch import Tensor, nn
from torch.nn import functional as F


def allow_caffe_keys(settings: CfgNode) -> None:
    """Add the keys that detectron2 lacks; their defaults change nothing."""
    settings.MODEL.CAFFE_MAXPOOL = False
    settings.MODEL.PROPOSAL_GENERATOR.HID_CHANNELS = -1
    settings.MODEL.ROI_BOX_HEAD.RES5HALVE = True
    settings.MODEL.ROI_BOX_HEAD.ATTR = False
    settings.MODEL.ROI_BOX_HEAD.NUM_ATTRS = 400


def translate_caffe_keys(settings: CfgNode) -> None:
    """Copy to detectron2's own key where there is one."""
    channels: int = settings.MODEL.PROPOSAL_GENERATOR.HID_CHANNELS
    if channels > 0:
        settings.MODEL.RPN.CONV_DIMS = [channels]


def use_caffe_layers(model: nn.Module, settings: CfgNode) -> None:
    """Change a model's layers to match the keys: the first pooling, and the C4 head's stride."""
    if settings.MODEL.CAFFE_MAXPOOL:
        trunk: Any = getattr(model.backbone, "bottom_up", model.backbone)
        trunk.stem = _CaffeStem(trunk.stem.conv1)
    if isinstance(model.roi_heads, Res5ROIHeads) and not settings.MODEL.ROI_BOX_HEAD.RES5HALVE:
        res5 = model.roi_heads.res5
        res5[0].conv1.stride = res5[0].shortcut.stride = (1, 1)
        for block in res5:
            block.conv2.padding = block.conv2.dilation = (2, 2)


class _CaffeStem(nn.Module):
    """Caffe pools without padding, and keeps partial windows at the right and the bottom."""

    def __init__(self, conv1: nn.Module) -> None:
        super().__init__()
        self.conv1 = conv1

    def forward(self, images: Tensor) -> Tensor:
        hidden: Tensor = self.conv1(images).relu()
        return F.max_pool2d(hidden, kernel_size=3, stride=2, ceil_mode=True)
