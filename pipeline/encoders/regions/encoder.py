"""The regions that a detector finds in an image, as one row."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import torch
from PIL.Image import Resampling

from pipeline.core.device import arithmetic, frozen_inference, parallel_calls, trunk_layout
from pipeline.encoders.detectors import Detector, Prepared
from pipeline.encoders.detectors.base import Detections, Selection
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.errors import UserError
from pipeline.images.source import StoredImage

Input = Literal["native", "square224"]

_PAPER_SIZE = (224, 224)
_GPU_BATCH = 8


def region_fields(count: int, width: int) -> tuple[Field, ...]:
    """The fields of an image's row with `count` regions, whose features are `width` wide."""
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
    """An image's best `count` regions.

    input: "native" gives the detector the image as it is, "square224" resized to 224 x 224, as in
    the paper. Boxes are in pixels of the original either way.
    compile_trunk: PyTorch compiles the trunk, which changes rounding and so the rows. Only for
    images that all reach the trunk in one size.
    """

    # Of this module and detectors/base.py; each detector has its own as well.
    revision = 1

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
        self._detector, self._device = detector, device
        self._count, self._input, self._select = count, input, select
        self._compiled = compile_trunk
        self._shape: torch.Size | None = None
        self.fingerprint = self._describe()

    def _describe(self) -> dict[str, Any]:
        compiled = {"compiled": True} if self._compiled else {}
        return {
            "detector": self._detector.settings,
            "input": self._input,
            "select": self._select,
            "arithmetic": arithmetic(self._device) | compiled,
            "pillow": version("pillow"),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Pickled PyTorch modules lose their compiled code, which the fingerprint promises.
        self.__dict__.update(state)
        if self._compiled:
            self._detector.compile_trunk()

    def load(self, source: StoredImage) -> _Loaded:
        image = source.open()
        resized = (
            image if self._input == "native" else image.resize(_PAPER_SIZE, Resampling.BILINEAR)
        )
        return _Loaded(self._detector.prepare(resized), (image.height, image.width))

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
        # Every further shape takes a minute to compile, and those beyond the compiler's limit stay
        # uncompiled, so a row would depend on the images before it.
        self._shape = self._shape or shape
        if shape != self._shape:
            sizes = " and ".join(f"{s[-2]} x {s[-1]}" for s in (self._shape, shape))
            raise UserError(
                f"regions.compile_trunk = true, but images reach the detector as {sizes}; it"
                " needs one size, which regions.input = square224 gives every detector"
            )


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
