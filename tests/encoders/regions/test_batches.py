"""The region encoder as on a GPU, on a CPU: batches of fixed sizes, in steps that can overlap."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from pipeline.core.transfer import Moved, Transfers
from pipeline.encoders.detectors import Size, faster_rcnn, load_detector
from pipeline.encoders.detectors.base import DetectedBatch, Selection
from pipeline.encoders.regions import encoder as regions
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.encoder import Row
from tests.encoders.detectors.batched.counting import counted
from tests.encoders.regions.test_encoder import KeepsShape

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (faster_rcnn, regions):
        monkeypatch.setattr(module, "takes_batches", lambda device: True)
    monkeypatch.setattr(faster_rcnn, "heads_precision", lambda device: torch.bfloat16)


class Drawn:
    """Stands for an image of the corpus with its own rectangles."""

    def __init__(self, seed: int, size: Size = (256, 256)) -> None:
        self._seed, self._size = seed, size

    def open(self) -> Image.Image:
        random = np.random.default_rng(self._seed)
        pixels = np.full((*self._size, 3), 120, np.uint8)
        for x, y, w, h in random.integers(20, 120, (5, 4)):
            pixels[y : y + h, x : x + w] = random.integers(0, 256, 3)
        return Image.fromarray(pixels)


def padded(items: Sequence[Any], size: int = 8) -> list[Any]:
    """As extraction fills a batch."""
    return [*items, *items[-1:] * (size - len(items))]


def rows_of(encoder: RegionEncoder, sources: Sequence[Drawn]) -> list[Row]:
    loaded = [encoder.load(source) for source in sources]  # type: ignore[arg-type]
    return encoder.encode(padded(loaded))[: len(sources)]


class Watched(KeepsShape):
    """Remembers how many images it got at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []

    def detect(
        self, pixels: Tensor, sizes: Sequence[Size], regions: int, select: Selection
    ) -> DetectedBatch:
        self.lengths.append(len(pixels))
        assert len(sizes) == len(pixels)
        return super().detect(pixels, sizes, regions, select)


@pytest.mark.parametrize(
    ("images", "lengths"), [(8, [8]), (7, [4, 2, 1]), (5, [4, 1]), (2, [2]), (1, [1])]
)
def test_short_batches_have_fixed_sizes_and_no_repeats(images: int, lengths: list[int]) -> None:
    detector = Watched()
    encoder = RegionEncoder("one", detector, 3, CPU)
    assert encoder.batch_size == 8
    assert len(rows_of(encoder, [Drawn(i) for i in range(images)])) == images
    assert detector.lengths == lengths


def test_a_compiled_trunk_gets_only_whole_batches() -> None:
    detector = Watched()
    encoder = RegionEncoder("one", detector, 3, CPU, compile_trunk=True)
    rows_of(encoder, [Drawn(i) for i in range(3)])
    assert detector.lengths == [8]


def test_a_row_is_that_of_its_image_whatever_its_batch() -> None:
    encoder = RegionEncoder("lite", load_detector("fasterrcnn_lite"), 36, CPU)
    sources = [Drawn(i, (200 + i, 300)) for i in range(5)]
    together = rows_of(encoder, sources)
    backwards = rows_of(encoder, sources[::-1])[::-1]
    for i, (one, other) in enumerate(zip(together, backwards, strict=True)):
        assert one["size"].tolist() == [200 + i, 300]
        found = np.abs(one["boxes"][:, None] - other["boxes"][None]).max(2).min(1) < 5
        assert found.mean() > 0.8  # bfloat16 rounds by the batch's kernels
    assert not np.array_equal(together[0]["features"], together[1]["features"])


def test_precision_is_part_of_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    def described() -> Any:
        return RegionEncoder("l", load_detector("fasterrcnn_lite"), 36, CPU).fingerprint

    found = described()["arithmetic"]
    assert (found["heads"], found["batched"]) == ("bfloat16", 1)
    monkeypatch.setattr(faster_rcnn, "heads_precision", lambda device: torch.float32)
    assert described()["arithmetic"]["heads"] == "float32"


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the copies to the host that were made."""
    made: list[str] = []
    fetch = Transfers.fetch

    def fetched(self: Transfers, tensor: Tensor) -> Moved:
        made.append("fetch")
        return fetch(self, tensor)

    monkeypatch.setattr(Transfers, "fetch", fetched)
    for name in ("cpu", "tolist", "item"):
        method = getattr(Tensor, name)

        def called(self: Tensor, *rest: Any, name: str = name, method: Any = method) -> Any:
            made.append(name)
            return method(self, *rest)

        monkeypatch.setattr(Tensor, name, called)
    return made


def test_a_batch_waits_for_three_numbers_and_one_copy(
    copies: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that the steps of a batch do, from the copy to the GPU to that back."""
    encoder = RegionEncoder("lite", load_detector("fasterrcnn_lite"), 36, CPU)
    loaded = [encoder.load(Drawn(i)) for i in range(8)]  # type: ignore[arg-type]
    assert loaded[0].prepared.pixels.dtype == torch.uint8
    send, detect, receive = encoder.steps
    detect(send(loaded))  # what shapes decide is computed once
    monkeypatch.setattr(regions, "frozen_inference", lambda device: nullcontext())
    copies.clear()
    with counted() as counter:
        found = detect(send(loaded))
    assert copies == ["fetch"]
    assert counter.operations.total() / 8 <= 60, counter.operations
    assert counter.waits.total() + len(copies) <= 4, counter.waits
    assert len(receive(found)) == 8


def weights(folder: Path) -> Path:
    """Untrained ones with the published ones' names and shapes."""
    torch.manual_seed(0)
    model = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91)
    torch.save(model.state_dict(), folder / "untrained.pth")
    return folder / "untrained.pth"


def test_pixels_are_those_of_a_cpu_but_for_rounding_to_256_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, image = weights(tmp_path), Drawn(0, (40, 50)).open()
    levels = load_detector("fasterrcnn_resnet50_fpn", path)
    levels.to(CPU)
    monkeypatch.setattr(faster_rcnn, "takes_batches", lambda device: False)
    exact = load_detector("fasterrcnn_resnet50_fpn", path)
    exact.to(CPU)
    ours, theirs = levels.prepare(image), exact.prepare(image)
    assert ours.size == theirs.size
    normalised = levels._batched._normalised(ours.pixels[None])[0]  # type: ignore[attr-defined]
    height, width = ours.size
    difference = normalised[:, :height, :width] - theirs.pixels[:, :height, :width]
    assert difference.abs().max() <= 0.5 / 255 / 0.224 + 1e-4
    assert not ours.pixels[:, height:].any()
    assert not ours.pixels[:, :, width:].any()


def test_whole_levels_are_normalised_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the detector's input is the resized image itself."""
    image = Drawn(0, (256, 256)).open()
    levels = load_detector("fasterrcnn_lite")
    levels.to(CPU)
    monkeypatch.setattr(faster_rcnn, "takes_batches", lambda device: False)
    exact = load_detector("fasterrcnn_lite").prepare(image).pixels
    normalised = levels._batched._normalised(levels.prepare(image).pixels[None])  # type: ignore[attr-defined]
    assert torch.equal(normalised[0], exact)
