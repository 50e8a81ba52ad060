"""The scene of an image: one vector and one grid of an ImageNet network."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Resampling
from torch import Tensor, nn
from torchvision.models import Inception_V3_Weights, ResNet18_Weights, inception_v3, resnet18
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.transforms.functional import normalize, to_tensor

from pipeline.core.device import arithmetic, frozen_inference, parallel_calls, trunk_precision
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.trunks.efficientnet_lite import (
    PIXEL_MEAN,
    PIXEL_STD,
    imagenet_file,
    load_imagenet_head,
    load_imagenet_trunk,
)
from pipeline.encoders.trunks.weights import fetch, file_sha256, load_weights
from pipeline.errors import UserError
from pipeline.images.source import StoredImage
from pipeline.params.project import SceneNetwork, SceneParams

_GPU_BATCH = 32
_RGB_MEAN, _RGB_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # of ImageNet


@dataclass(frozen=True)
class Trunk:
    """A network without its classifier.

    model: (B, 3, size, size), RGB in 0..1, to the last map (B, channels, side, side) and the
    classifier's input per cell (B, pooled_dim, side, side).
    normalisation: mean and standard deviation of the model's first step, for the fingerprint.
    """

    model: nn.Module
    weights: str
    normalisation: list[Any]
    size: int
    side: int
    channels: int
    pooled_dim: int


class SceneEncoder:
    """An image, resized to the network's square input, as a vector and a grid.

    pooled: (pooled_dim,), the mean over cells. grid: (side * side, channels), row by row.
    """

    revision = 1  # of this module and efficientnet_lite.py

    def __init__(self, name: str, trunk: Trunk, device: torch.device) -> None:
        self.name = f"scenes-{name}"
        self.batch_size = _GPU_BATCH if device.type == "cuda" else 1
        self.parallel_calls = parallel_calls(device)
        self.grid_shape = (trunk.side, trunk.side)
        self.fields = (
            Field("pooled", (trunk.pooled_dim,), "float16"),
            Field("grid", (trunk.side**2, trunk.channels), "float16"),
        )
        self.fingerprint: dict[str, Any] = {
            "weights": trunk.weights,
            "input": trunk.size,
            "normalisation": trunk.normalisation,
            "arithmetic": arithmetic(device),
            "pillow": version("pillow"),
        }
        self._model = trunk.model.eval().requires_grad_(False).to(device)
        self._size, self._device = (trunk.size, trunk.size), device

    def load(self, source: StoredImage) -> Tensor:
        # Resized without cropping: a post's subject is often at the edge.
        pixels: Tensor = to_tensor(source.open().resize(self._size, Resampling.BILINEAR))
        return pixels  # 3 x S x S

    def group(self, item: Tensor) -> Hashable:
        return None

    def encode(self, batch: Sequence[Tensor]) -> list[Row]:
        pixels = torch.stack(list(batch)).to(self._device, non_blocking=True)  # B x 3 x S x S
        with frozen_inference(self._device):
            with trunk_precision(self._device):
                grid, classified = self._model(pixels)  # B x C x h x w, B x D x h x w
            pooled = classified.float().mean((2, 3)).half().cpu().numpy()  # B x D
            cells = grid.flatten(2).transpose(1, 2).half().contiguous().cpu().numpy()  # B x hw x C
        return [{"pooled": pooled[i], "grid": cells[i]} for i in range(len(batch))]


def load_scene_encoder(params: SceneParams, device: torch.device) -> SceneEncoder:
    """The encoder of `scenes.encoder`, with `scenes.weights` if given.

    Raises:
        UserError: its weights are missing or do not fit.
    """
    weights = Path(params.weights) if params.weights else None
    return SceneEncoder(params.encoder, load_trunk(params.encoder, weights), device)


def load_trunk(name: SceneNetwork, weights: Path | None = None) -> Trunk:
    """A network with its published weights or a local file.

    Raises:
        UserError: its weights are missing or do not fit.
    """
    return _NETWORKS[name](weights)


class _EfficientNetMaps(nn.Module):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.trunk = load_imagenet_trunk(path)
        self.head = load_imagenet_head(path)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        grid = self.trunk(images)[-1]  # B x 320 x 7 x 7
        return grid, self.head(grid)  # B x 1280 x 7 x 7


class _TorchvisionMaps(nn.Module):
    """A torchvision network up to its average pooling."""

    def __init__(self, model: nn.Module, layer: str, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.maps = create_feature_extractor(
            model.eval(), {layer: "grid"}, suppress_diff_warning=True
        )
        self.mean, self.std = mean, std

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        grid = self.maps(normalize(images, self.mean, self.std))["grid"]
        return grid, grid


def _efficientnet_lite0(weights: Path | None) -> Trunk:
    path = weights or imagenet_file()
    try:
        maps = _EfficientNetMaps(path)
    except (KeyError, RuntimeError) as error:
        raise UserError(f"weights {path} do not fit EfficientNet-Lite0: {error}") from None
    return Trunk(maps, file_sha256(path), [PIXEL_MEAN, PIXEL_STD], 224, 7, 320, 1280)


def _resnet18(weights: Path | None) -> Trunk:
    path = weights or fetch(ResNet18_Weights.IMAGENET1K_V1.url)
    model = resnet18(weights=None)
    load_weights(model, path)
    maps = _TorchvisionMaps(model, "layer4", _RGB_MEAN, _RGB_STD)
    return Trunk(maps, file_sha256(path), [maps.mean, maps.std], 224, 7, 512, 512)


def _inception_v3(weights: Path | None) -> Trunk:
    path = weights or fetch(Inception_V3_Weights.IMAGENET1K_V1.url)
    model = inception_v3(weights=None, init_weights=False)
    load_weights(model, path)
    # Its weights come from TensorFlow, with pixels in -1..1.
    maps = _TorchvisionMaps(model, "Mixed_7c", [0.5] * 3, [0.5] * 3)
    return Trunk(maps, file_sha256(path), [maps.mean, maps.std], 299, 8, 2048, 2048)


_NETWORKS: dict[SceneNetwork, Callable[[Path | None], Trunk]] = {
    "efficientnet_lite0": _efficientnet_lite0,
    "resnet18": _resnet18,
    "inception_v3": _inception_v3,
}
