"""The regions that a detector finds in an image, as one row."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import accumulate
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from PIL.Image import Resampling
from torch import Tensor

from pipeline.core.device import (
    arithmetic,
    frozen_inference,
    parallel_calls,
    takes_batches,
    trunk_layout,
)
from pipeline.core.transfer import Moved, Transfers
from pipeline.encoders.detectors import Detector, Prepared
from pipeline.encoders.detectors.base import DetectedBatch, Selection
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.errors import UserError
from pipeline.images.source import StoredImage

Input = Literal["native", "square224"]
Bytes = npt.NDArray[np.uint8]

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


@dataclass(frozen=True)
class _Batch:
    """A batch between two steps: its images, those in parts of fixed sizes, each part's tensor."""

    items: Sequence[_Loaded]
    parts: Sequence[Sequence[_Loaded]]
    values: Sequence[Moved]


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
        self._on_gpu = takes_batches(device)
        self._transfers = Transfers(device)
        self.batch_size = _GPU_BATCH if self._on_gpu else 1
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
            "arithmetic": arithmetic(self._device) | self._detector.arithmetic | compiled,
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
        return item.prepared.pixels.shape

    @property
    def steps(self) -> tuple[Callable[[Any], Any], ...]:
        """Of `encode`: on a GPU, each runs in a thread of its own."""
        return (self._send, self._detect, self._receive) if self._on_gpu else (self.encode,)

    def encode(self, batch: Sequence[_Loaded]) -> list[Row]:
        return self._receive(self._detect(self._send(batch)))

    def _send(self, batch: Sequence[_Loaded]) -> _Batch:
        # An incomplete batch repeats its last image, which is computed once.
        images = list({id(item): item for item in batch}.values())
        lengths = [len(batch)] if self._compiled else _fixed_sizes(len(images), self.batch_size)
        images = list(batch) if self._compiled else images
        ends = list(accumulate(lengths))
        parts = [images[end - n : end] for n, end in zip(lengths, ends, strict=True)]
        sent = [self._transfers.send([item.prepared.pixels for item in part]) for part in parts]
        return _Batch(batch, parts, sent)

    def _detect(self, batch: _Batch) -> _Batch:
        with frozen_inference(self._device):
            found = [self._find(*part) for part in zip(batch.parts, batch.values, strict=True)]
        return _Batch(batch.items, batch.parts, found)

    def _find(self, images: Sequence[_Loaded], sent: Moved) -> Moved:
        pixels = self._transfers.take(sent).contiguous(memory_format=trunk_layout(self._device))
        if self._compiled:
            self._require_one_shape(pixels.shape)
        sizes = [item.prepared.size for item in images]
        found = self._detector.detect(pixels, sizes, self._count, self._select)
        return self._transfers.fetch(_packed(found))

    def _receive(self, batch: _Batch) -> list[Row]:
        rows: dict[int, Row] = {}
        for images, moved in zip(batch.parts, batch.values, strict=True):
            packed = self._transfers.wait(moved).numpy()
            for item, row in zip(images, packed, strict=True):
                rows[id(item)] = _row(row, item, self._detector.feature_dim)
        return [rows[id(item)] for item in batch.items]

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


def _fixed_sizes(images: int, largest: int) -> list[int]:
    """Batches of the largest size, its half and so on that hold the images exactly.

    A size more is a set of kernels more to choose, and a slot that is not real is a lost one.
    """
    sizes = []
    while images:
        while largest > images:
            largest //= 2
        sizes.append(largest)
        images -= largest
    return sizes


def _packed(found: DetectedBatch) -> Tensor:
    """All that a row needs as bytes (B, R, n), so that one copy brings it to the host."""
    columns = (found.boxes, found.scores, found.classes.to(torch.int16), found.mask)
    parts = [found.features.half(), *(x if x.dim() == 3 else x[..., None] for x in columns)]
    return torch.cat([part.contiguous().view(torch.uint8) for part in parts], 2)


def _row(packed: Bytes, item: _Loaded, width: int) -> Row:
    """A row of what `_packed` gives, (R, n); width: of a feature."""
    ends = np.cumsum([2 * width, 16, 4, 2, 1])
    parts = [np.ascontiguousarray(part) for part in np.split(packed, ends[:-1], axis=1)]
    height, width = item.prepared.size
    scale = np.array([item.original_size[1] / width, item.original_size[0] / height] * 2)
    return {
        "features": parts[0].view(np.float16),  # K x D
        "boxes": parts[1].view(np.float32) * scale.astype(np.float32),  # K x 4
        "scores": parts[2].view(np.float32)[:, 0],
        "classes": parts[3].view(np.int16)[:, 0],
        "mask": parts[4].view(np.bool_)[:, 0],
        "size": np.array(item.original_size, dtype=np.int32),
    }
