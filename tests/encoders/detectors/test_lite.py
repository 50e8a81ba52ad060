"""The shipped detector: always 36 rows, the same alone and in a batch, and only its own weights."""

from dataclasses import fields
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from torchvision.models.detection.image_list import ImageList

from pipeline.detector_training.training.checkpoint import save_weights
from pipeline.encoders.detectors.base import Detections
from pipeline.encoders.detectors.lite import (
    WEIGHTS,
    BoxHead,
    FasterRCNNLite,
    RegionPooler,
    load,
    load_lite,
    read_lite,
)
from pipeline.errors import UserError


@pytest.fixture(scope="module")
def detector() -> FasterRCNNLite:
    return load_lite()


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Coloured rectangles on grey, so that there is something to find: (3, 3, 256, 256)."""
    random = torch.Generator().manual_seed(0)
    images = torch.full((3, 3, 256, 256), 0.5)
    for image in images:
        for _ in range(6):
            x, y = torch.randint(0, 180, (2,), generator=random).tolist()
            w, h = torch.randint(20, 76, (2,), generator=random).tolist()
            image[:, y : y + h, x : x + w] = torch.rand(3, 1, 1, generator=random)
    return images


def _assert_same(a: Detections, b: Detections, **tolerance: float) -> None:
    for field in fields(Detections):
        torch.testing.assert_close(getattr(a, field.name), getattr(b, field.name), **tolerance)


def _assert_well_formed(found: Detections, classes: int, height: int, width: int) -> None:
    assert found.features.shape == (36, 1024)
    assert found.boxes.shape == (36, 4)
    assert found.scores.shape == found.classes.shape == found.mask.shape == (36,)
    regions = int(found.mask.sum())
    assert found.mask[:regions].all()
    x1, y1, x2, y2 = found.boxes[:regions].unbind(1)
    assert ((x1 >= 0) & (y1 >= 0) & (x2 <= width) & (y2 <= height)).all()
    assert ((x2 > x1) & (y2 > y1)).all()
    assert (found.scores[:regions].diff() <= 0).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert ((found.classes[:regions] > 0) & (found.classes[:regions] < classes)).all()
    for rows in (found.features, found.boxes, found.scores, found.classes):
        assert (rows[regions:] == 0).all()


def test_shipped_weights_fit_the_repository() -> None:
    assert WEIGHTS.stat().st_size <= 30_000_000
    assert {str(x.dtype) for x in load_file(WEIGHTS).values()} == {"torch.float16"}


def test_classes_are_cocos(detector: FasterRCNNLite) -> None:
    assert len(detector.classes) == 81
    assert detector.classes[:3] == ("__background__", "person", "bicycle")
    assert detector.classes[-1] == "toothbrush"


def test_images_give_36_regions(detector: FasterRCNNLite, images: Tensor) -> None:
    for found in detector.detect(images):
        _assert_well_formed(found, len(detector.classes), 256, 256)
        assert found.mask.all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_blank_images_give_regions_too(detector: FasterRCNNLite, value: float) -> None:
    (found,) = detector.detect(torch.full((1, 3, 256, 256), value))
    _assert_well_formed(found, len(detector.classes), 256, 256)
    assert found.mask.any()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (32, 32), (17, 200), (100, 260)])
def test_any_size_gives_36_rows(detector: FasterRCNNLite, height: int, width: int) -> None:
    noise = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))
    (found,) = detector.detect(noise)
    _assert_well_formed(found, len(detector.classes), height, width)


def test_a_tiny_image_has_fewer_regions_and_says_so(detector: FasterRCNNLite) -> None:
    (found,) = detector.detect(torch.zeros(1, 3, 1, 1))
    assert not found.mask.all()


def test_an_image_does_not_depend_on_its_batch(detector: FasterRCNNLite, images: Tensor) -> None:
    together = detector.detect(images)
    backwards = detector.detect(images.flip(0))[::-1]
    for image, a, b in zip(images, together, backwards, strict=True):
        _assert_same(a, b)
        # Another batch size may take other kernels, which round differently.
        _assert_same(a, detector.detect(image[None])[0], rtol=1e-3, atol=1e-3)


def test_the_same_image_gives_the_same_bits(detector: FasterRCNNLite, images: Tensor) -> None:
    for a, b in zip(detector.detect(images), detector.detect(images), strict=True):
        _assert_same(a, b, rtol=0.0, atol=0.0)


@pytest.fixture
def maps() -> dict[str, Tensor]:
    """Maps of two 128 x 128 images."""
    torch.manual_seed(0)
    return {
        **{str(i): torch.randn(2, 128, 16 >> i, 16 >> i) for i in range(3)},
        "trunk16": torch.randn(2, 112, 8, 8),
        "trunk32": torch.randn(2, 320, 4, 4),
        "imagenet": torch.randn(2, 1280, 4, 4),
    }


def test_a_region_of_whole_cells_has_their_mean(maps: dict[str, Tensor]) -> None:
    # A map that rises evenly has the same mean under RoIAlign's points as over the cells.
    ramps = {name: torch.arange(x.shape[-1]).float().expand_as(x) for name, x in maps.items()}
    boxes = [torch.tensor([[32.0, 32.0, 96.0, 96.0]]), torch.zeros(0, 4)]
    found = RegionPooler().region_means(ramps, boxes)  # 1 x 432
    assert found.shape == (1, 432)
    # Columns 2 to 5 at stride 16, 1 to 2 at stride 32.
    torch.testing.assert_close(found[0, :112], torch.full((112,), 3.5))
    torch.testing.assert_close(found[0, 112:], torch.full((320,), 1.5))


def test_a_region_is_its_grid_its_means_and_its_image(maps: dict[str, Tensor]) -> None:
    pooler, sizes = RegionPooler(), [(128, 128)] * 2
    boxes = torch.tensor([[16.0, 16.0, 80.0, 112.0], [0.0, 0.0, 128.0, 128.0]])
    found = pooler(maps, [boxes, boxes[:1]], sizes)
    assert found.shape == (3, 128 * 49 + 432 + 1600)
    torch.testing.assert_close(found[:, -2032:-1600], pooler.region_means(maps, [boxes, boxes[:1]]))
    images = torch.cat([maps["trunk32"].mean((2, 3)), maps["imagenet"].mean((2, 3))], 1)
    torch.testing.assert_close(found[:, -1600:], images[[0, 0, 1]])
    for i, own_boxes, rows in ((0, boxes, found[:2]), (1, boxes[:1], found[2:])):
        own = {name: x[i : i + 1] for name, x in maps.items()}
        torch.testing.assert_close(rows, pooler(own, [own_boxes], sizes[:1]))


def test_measured_channels_have_mean_zero_and_spread_one() -> None:
    torch.manual_seed(0)
    channels = {"trunk16": 112, "trunk32": 320, "imagenet": 1280}
    maps = {name: torch.randn(4, c, 16, 16) * 5 + 3 for name, c in channels.items()}
    pooler = RegionPooler()
    pooler.measure(maps)
    widths = list(channels.values())
    for x, mean, spread in zip(
        maps.values(), pooler.mean.split(widths), pooler.spread.split(widths), strict=True
    ):
        scaled = (x - mean[:, None, None]) / spread[:, None, None]
        torch.testing.assert_close(
            scaled.mean((0, 2, 3)), torch.zeros(len(mean)), atol=1e-4, rtol=0
        )
        torch.testing.assert_close(scaled.std((0, 2, 3)), torch.ones(len(mean)), atol=1e-3, rtol=0)


def test_fc7_is_signed_then_probabilities_then_rectified() -> None:
    torch.manual_seed(0)
    head = BoxHead(classes=5)
    linear = torch.randn(3, 1024) * 4
    fc7 = head.activated(linear)
    assert fc7.shape == (3, 1024)
    # 432 of the region, 320 and 5 of the image; 5 classes; the rest.
    torch.testing.assert_close(fc7[:, :757], linear[:, :757])
    torch.testing.assert_close(fc7[:, 757:762], 1 / (1 + (-linear[:, 757:762]).exp()))
    torch.testing.assert_close(fc7[:, 762:], linear[:, 762:].clamp(min=0))


def test_proposals_come_from_the_pyramid_alone(detector: FasterRCNNLite, images: Tensor) -> None:
    with torch.inference_mode():
        maps = detector.backbone(images[:1])
        images = ImageList(images[:1], [(256, 256)])
        found, _ = detector.rpn(images, maps)
        maps |= {name: torch.zeros_like(x) for name, x in maps.items() if not name.isdigit()}
        assert torch.equal(detector.rpn(images, maps)[0][0], found[0])


def test_feature_score_and_class_belong_to_the_final_box(
    detector: FasterRCNNLite, images: Tensor
) -> None:
    (found,) = detector.detect(images[:1])
    with torch.inference_mode():
        heads, levels = detector.roi_heads, detector.backbone(images[:1])
        fc7 = heads.box_head(heads.box_roi_pool(levels, [found.boxes], [(256, 256)]))
        scores, classes = heads.box_predictor.predict(fc7)[0].softmax(1)[:, 1:].max(1)
    torch.testing.assert_close(found.features, fc7, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.scores, scores, rtol=1e-4, atol=1e-4)
    assert found.classes.tolist() == (classes + 1).tolist()


def test_fewer_regions_are_the_better_ones(detector: FasterRCNNLite, images: Tensor) -> None:
    (found,) = detector.detect(images[:1], regions=5)
    assert found.features.shape == (5, 1024)
    assert found.mask.all()


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    changed = bytearray(WEIGHTS.read_bytes())
    changed[-1] ^= 1
    path = tmp_path / "changed.safetensors"
    path.write_bytes(changed)
    with pytest.raises(UserError, match=r"changed\.safetensors: sha256 is .*, expected"):
        load_lite(path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.safetensors"):
        load_lite(tmp_path / "nothing.safetensors")


def test_weights_of_ones_own_are_welcome(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    torch.manual_seed(0)
    save_weights(path, FasterRCNNLite(("__background__", "square")))
    own = load("fasterrcnn_lite", path)
    assert own.class_names == ("__background__", "square")
    assert own.settings["weights"] == sha256(path.read_bytes()).hexdigest()
    prepared = own.prepare(Image.new("RGB", (300, 20), (255, 0, 51)))
    assert prepared.size == (256, 256)
    assert prepared.pixels[:, 9, 9].tolist() == pytest.approx([1.0, 0.0, 0.2])


@pytest.mark.parametrize(
    "metadata",
    [
        *(None, {"classes": "[]"}, {"classes": '["person"]'}, {"classes": "person"}),
        *({"classes": "7"}, {"classes": '["__background__", {}]'}, {"classes": '{"a": 1}'}),
        {"classes": "[" * 100_000},
    ],
    ids=lambda metadata: f"{metadata!r:.40}",
)
def test_weights_without_class_names_are_refused(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    path = tmp_path / "nameless.safetensors"
    save_file({"x": torch.zeros(1)}, path, metadata)
    with pytest.raises(UserError, match=r"nameless\.safetensors.*class names"):
        read_lite(path)
