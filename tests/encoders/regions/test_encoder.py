from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import to_tensor

from pipeline.encoders.detectors import Prepared, Size
from pipeline.encoders.detectors.base import DetectedBatch, Detections, Selection
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import identity
from pipeline.errors import UserError

KEY = "ab" * 32


class OneBox:
    """Sees every image at 100 x 200 (height x width) and finds the box 20 10 120 60 in it."""

    class_names = ("__background__", "dog")
    feature_dim = 2

    def __init__(self, feature: float = 1.5) -> None:
        self.settings: dict[str, Any] = {"weights": "a", "nms_threshold": 0.5}
        self.seen: list[tuple[int, int]] = []
        self.arithmetic: dict[str, Any] = {}
        self.compiled = False
        self._feature = feature

    def to(self, device: torch.device) -> None:
        pass

    def compile_trunk(self) -> None:
        self.compiled = True

    def prepare(self, image: Image.Image) -> Prepared:
        self.seen.append(image.size)
        return Prepared(to_tensor(image.resize((224, 128))), (100, 200))

    def detect(
        self, pixels: Tensor, sizes: Sequence[Size], regions: int, select: Selection
    ) -> DetectedBatch:
        rest = regions - 1
        box = torch.tensor([[20.0, 10.0, 120.0, 60.0]])
        return DetectedBatch.of(
            [
                Detections(
                    features=torch.cat([torch.full((1, 2), self._feature), torch.zeros(rest, 2)]),
                    boxes=torch.cat([box, torch.zeros(rest, 4)]),
                    scores=torch.tensor([0.25] + [0.0] * rest),
                    classes=torch.tensor([1] + [0] * rest),
                    mask=torch.tensor([True] + [False] * rest),
                )
                for _ in pixels
            ]
        )


class Shown:
    """Stands for an image of the corpus, 60 high and 50 wide."""

    def open(self) -> Image.Image:
        return Image.new("RGB", (50, 60))


def encoder(detector: OneBox | None = None, **options: Any) -> RegionEncoder:
    device = torch.device("cpu")
    return RegionEncoder("one", detector or OneBox(), options.pop("count", 3), device, **options)


def encode(encoder: RegionEncoder, sources: Sequence[Any] = (Shown(),)) -> list[Any]:
    return encoder.encode([encoder.load(source) for source in sources])


def test_boxes_are_in_pixels_of_the_original() -> None:
    (row,) = encode(encoder())
    # From 200 wide to 50 and from 100 high to 60.
    np.testing.assert_allclose(row["boxes"][0], [5, 6, 30, 36], rtol=1e-6)
    assert row["size"].tolist() == [60, 50]
    assert row["classes"].tolist() == [1, 0, 0]
    assert row["scores"].tolist() == [0.25, 0, 0]
    assert row["features"].tolist() == [[1.5, 1.5], [0, 0], [0, 0]]


def test_rows_without_a_region_are_masked_and_zero() -> None:
    (row,) = encode(encoder())
    assert row["mask"].tolist() == [True, False, False]
    assert not row["boxes"][1:].any()


def test_rows_are_as_declared(tmp_path: Path) -> None:
    regions = encoder()
    (row,) = encode(regions)
    RowCache(tmp_path, regions).write({KEY: row})  # refuses what is not


@pytest.mark.parametrize(("input", "seen"), [("native", (50, 60)), ("square224", (224, 224))])
def test_the_detector_sees_the_image_or_the_paper_s_square(
    input: Any, seen: tuple[int, int]
) -> None:
    detector = OneBox()
    (row,) = encode(encoder(detector, input=input))
    assert detector.seen == [seen]
    np.testing.assert_allclose(row["boxes"][0], [5, 6, 30, 36], rtol=1e-6)


class KeepsShape(OneBox):
    """Pads an image to multiples of 32, as detectors do that take any size."""

    def prepare(self, image: Image.Image) -> Prepared:
        height, width = (-(-side // 32) * 32 for side in (image.height, image.width))
        return Prepared(to_tensor(image.resize((width, height))), (image.height, image.width))


class Wide:
    def open(self) -> Image.Image:
        return Image.new("RGB", (90, 60))


def test_a_compiled_trunk_takes_images_of_one_size() -> None:
    plain, compiled = KeepsShape(), KeepsShape()
    assert len(encode(encoder(plain), [Shown()]) + encode(encoder(plain), [Wide()])) == 2
    assert not plain.compiled
    regions = encoder(compiled, compile_trunk=True)
    assert compiled.compiled
    encode(regions, [Shown()])
    with pytest.raises(UserError, match=r"as 64 x 64 and 64 x 96; it\s+needs one size"):
        encode(regions, [Wide()])
    square = encoder(KeepsShape(), compile_trunk=True, input="square224")
    assert len(encode(square, [Shown(), Wide()])) == 2


def test_a_feature_beyond_float16_is_refused(tmp_path: Path) -> None:
    regions = encoder(OneBox(feature=65600.0))
    (row,) = encode(regions)
    with pytest.raises(UserError, match="features is not finite, or too large for float16"):
        RowCache(tmp_path, regions).write({KEY: row})


def test_all_that_changes_values_changes_the_identity() -> None:
    other = OneBox()
    other.settings = {"weights": "a", "nms_threshold": 0.6}
    variants = [
        encoder(),
        encoder(count=4),
        encoder(input="square224"),
        encoder(select="rpn_order"),
        encoder(other),
    ]
    assert len({identity(variant) for variant in variants}) == len(variants)
    assert identity(encoder()) == identity(encoder())


def test_images_share_a_batch_when_their_pixels_have_one_shape() -> None:
    regions = encoder()
    one = regions.load(Shown())  # type: ignore[arg-type]
    assert regions.group(one) == (3, 128, 224)
