"""The regions of a picture: what a detector finds, as one row."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import torch
from PIL.Image import Image, Resampling

from pipeline.device import arithmetic, frozen_inference, parallel_calls, trunk_layout
from pipeline.errors import UserError
from pipeline.features.detectors import Detector, Prepared
from pipeline.features.detectors.base import Detections, Selection
from pipeline.features.encoder import Field, Row
from pipeline.features.pictures import Picture

Input = Literal["native", "square224"]

_PAPER_SIZE = (224, 224)
_GPU_BATCH = 8


def region_fields(count: int, width: int) -> tuple[Field, ...]:
    """The fields of a picture's row with `count` regions, whose features are `width` wide."""
    return (
        Field("features", (count, width), "float16"),
        Field("boxes", (count, 4), "float32"),
        Field("scores", (count,), "float32"),
        Field("classes", (count,), "int16"),
        Field("mask", (count,), "bool"),
        Field("size", (2,), "int32"),
    )


@dataclass(frozen=True)
class _Loaded:
    prepared: Prepared
    original_size: tuple[int, int]  # height, width


class RegionEncoder:
    """A picture's best `count` regions.

    input: "native" gives the detector the picture as it is, "square224" as 224 x 224, the paper's
    way. Boxes are in pixels of the original either way.
    compile_trunk: PyTorch compiles the trunk, which changes rounding, so its rows are others. Only
    for pictures that all reach the trunk in one size.
    """

    def __init__(
        self,
        name: str,
        detector: Detector,
        count: int,
        device: torch.device,
        input: Input = "native",
        select: Selection = "top_conf",
        compile_trunk: bool = False,
    ) -> None:
        detector.to(device)
        if compile_trunk:
            detector.compile_trunk()
        self.name = f"regions-{name}"
        self.batch_size = _GPU_BATCH if device.type == "cuda" else 1
        self.parallel_calls = parallel_calls(device)
        self.fields = region_fields(count, detector.feature_dim)
        self.class_names = detector.class_names
        self.fingerprint: dict[str, Any] = {
            "detector": detector.settings,
            "input": input,
            "select": select,
            "arithmetic": arithmetic(device) | ({"compiled": True} if compile_trunk else {}),
            "pillow": version("pillow"),
        }
        self._detector, self._device = detector, device
        self._count, self._input, self._select = count, input, select
        self._compiled = compile_trunk
        self._shape: torch.Size | None = None

    def load(self, source: Picture) -> _Loaded:
        image = source.open()
        return _Loaded(self._detector.prepare(self._resized(image)), (image.height, image.width))

    def group(self, item: _Loaded) -> Hashable:
        return item.prepared.size

    def encode(self, batch: Sequence[_Loaded]) -> list[Row]:
        pixels = torch.stack([item.prepared.pixels for item in batch])  # B x 3 x H x W
        size = batch[0].prepared.size
        if self._compiled:
            self._require_one_shape(pixels.shape)
        if self._device.type == "cuda":
            pixels = pixels.pin_memory()  # else the copy would wait for the GPU
        layout = trunk_layout(self._device)
        with frozen_inference(self._device):
            pixels = pixels.to(self._device, non_blocking=True, memory_format=layout)
            found = self._detector.detect(pixels, size, self._count, self._select)
            return [
                _row(regions, size, item.original_size)
                for regions, item in zip(found, batch, strict=True)
            ]

    def _require_one_shape(self, shape: torch.Size) -> None:
        # Every other shape would take a minute to compile, and those beyond the compiler's limit
        # would go uncompiled: a row would depend on which pictures came before.
        self._shape = self._shape or shape
        if shape != self._shape:
            sizes = " and ".join(f"{s[-2]} x {s[-1]}" for s in (self._shape, shape))
            raise UserError(
                f"regions.compile_trunk = true, but pictures reach the detector as {sizes}; it"
                " needs one size, which regions.input = square224 gives every detector"
            )

    def _resized(self, image: Image) -> Image:
        if self._input == "native":
            return image
        return image.resize(_PAPER_SIZE, Resampling.BILINEAR)


def _row(found: Detections, size: tuple[int, int], original_size: tuple[int, int]) -> Row:
    height, width = original_size
    scale = np.array([width / size[1], height / size[0]] * 2, dtype=np.float32)
    return {
        "features": found.features.half().cpu().numpy(),  # K x D
        "boxes": found.boxes.cpu().numpy() * scale,  # K x 4
        "scores": found.scores.cpu().numpy(),
        "classes": found.classes.to(torch.int16).cpu().numpy(),
        "mask": found.mask.cpu().numpy(),
        "size": np.array(original_size, dtype=np.int32),
    }
