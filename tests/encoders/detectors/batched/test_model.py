"""Batches as a GPU takes them, on a CPU: the same regions as image by image, and fewer steps."""

import copy
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection import (
    FasterRCNN,
    fasterrcnn_resnet50_fpn,
    fasterrcnn_resnet50_fpn_v2,
)
from torchvision.ops import FrozenBatchNorm2d, box_iou

from pipeline.encoders.detectors.base import DetectedBatch, Detections, Selection
from pipeline.encoders.detectors.batched.model import BatchedFasterRCNN, Describe, describe_grids
from pipeline.encoders.detectors.faster_rcnn import detect_regions
from pipeline.encoders.detectors.lite import describe_regions, load_lite
from tests.encoders.detectors.batched.counting import counted

BATCH = 8
LITE, RESNET, RESNET_V2 = "fasterrcnn_lite", "fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2"
NAMES = [LITE, RESNET, RESNET_V2]


def untrained(name: str, candidates: int = 60, proposals: int = 40) -> FasterRCNN:
    """With statistics to fold, and heads that tell boxes apart."""
    torch.manual_seed(0)
    build = fasterrcnn_resnet50_fpn if name == RESNET else fasterrcnn_resnet50_fpn_v2
    model = build(
        weights=None,
        weights_backbone=None,
        num_classes=5,
        rpn_pre_nms_top_n_test=candidates,
        rpn_post_nms_top_n_test=proposals,
    )
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d | FrozenBatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
            layer.bias.data.normal_(0, 0.1)
    for layer in (
        model.rpn.head.cls_logits,
        model.rpn.head.bbox_pred,
        model.roi_heads.box_predictor.cls_score,
        model.roi_heads.box_predictor.bbox_pred,
    ):
        torch.nn.init.normal_(layer.weight, std=0.05)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def models() -> dict[str, FasterRCNN]:
    return {LITE: load_lite(), RESNET: untrained(RESNET), RESNET_V2: untrained(RESNET_V2)}


def batched(
    model: FasterRCNN, heads: torch.dtype = torch.float32, trunk: torch.dtype = torch.float32
) -> BatchedFasterRCNN:
    describe: Describe = describe_regions if hasattr(model, "classes") else describe_grids
    return BatchedFasterRCNN(copy.deepcopy(model), describe, heads, trunk)


def drawn(count: int, side: int) -> Tensor:
    """Coloured rectangles on grey: (count, 3, side, side) uint8."""
    random = torch.Generator().manual_seed(0)
    images = torch.full((count, 3, side, side), 127, dtype=torch.uint8)
    for image in images:
        for _ in range(6):
            x, y = torch.randint(0, side * 2 // 3, (2,), generator=random).tolist()
            w, h = torch.randint(side // 10, side // 3, (2,), generator=random).tolist()
            colour = torch.randint(0, 256, (3, 1, 1), generator=random).to(torch.uint8)
            image[:, y : y + h, x : x + w] = colour
    return images


def side_of(name: str) -> int:
    return 256 if name == LITE else 128


@torch.inference_mode()
def alone(
    model: FasterRCNN,
    image: Tensor,
    size: tuple[int, int],
    select: Selection = "top_conf",
) -> Detections:
    """The regions of an image (3, H, W) as a CPU finds them."""
    height, width = size
    values = model.transform.normalize(image[:, :height, :width] / 255)
    padding = (0, image.shape[2] - width, 0, image.shape[1] - height)
    (found,) = detect_regions(model, F.pad(values, padding)[None], [size], 12, 0.5, select)
    return found


@torch.inference_mode()
def together(
    model: BatchedFasterRCNN,
    images: Tensor,
    sizes: Sequence[tuple[int, int]] | None = None,
    select: Selection = "top_conf",
) -> DetectedBatch:
    sizes = sizes or [(images.shape[2], images.shape[3])] * len(images)
    return model.detect(images, sizes, 12, 0.5, select)


def assert_same(found: Detections, expected: Detections) -> None:
    assert found.mask.tolist() == expected.mask.tolist()
    assert found.classes.tolist() == expected.classes.tolist()
    torch.testing.assert_close(found.boxes, expected.boxes, rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(found.scores, expected.scores, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(found.features, expected.features, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("select", ["top_conf", "rpn_order"])
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_has_the_regions_that_its_images_have_alone(
    models: dict[str, FasterRCNN], name: str, select: Selection
) -> None:
    images = drawn(3, side_of(name))
    found = together(batched(models[name]), images, select=select)
    for image, regions in zip(images, found, strict=True):
        assert_same(regions, alone(models[name], image, tuple(image.shape[1:]), select))


@pytest.mark.parametrize("name", [RESNET, RESNET_V2])
def test_images_keep_their_own_sizes_on_one_canvas(
    models: dict[str, FasterRCNN], name: str
) -> None:
    images, sizes = drawn(3, 128), [(128, 128), (100, 128), (128, 97)]
    for image, (height, width) in zip(images, sizes, strict=True):
        image[:, height:], image[:, :, width:] = 0, 0
    for image, size, regions in zip(
        images, sizes, together(batched(models[name]), images, sizes), strict=True
    ):
        assert_same(regions, alone(models[name], image, size))
        assert regions.boxes[:, 3].max() <= size[0]
        assert regions.boxes[:, 2].max() <= size[1]


def test_padding_beyond_an_image_s_own_proposes_nothing(models: dict[str, FasterRCNN]) -> None:
    """A larger canvas changes an image at its border, but has no regions of its own."""
    image = drawn(1, 96)[0]
    canvas = F.pad(image, (0, 96, 0, 32))
    (found,) = together(batched(models[RESNET]), canvas[None], [(96, 96)])
    expected = alone(models[RESNET], image, (96, 96))
    assert found.mask.sum() >= expected.mask.sum() - 1
    assert found.boxes.max() <= 96
    assert torch.cosine_similarity(found.features.mean(0), expected.features.mean(0), dim=0) > 0.9


@pytest.mark.parametrize("name", [LITE, RESNET])
def test_an_image_does_not_depend_on_its_batch(models: dict[str, FasterRCNN], name: str) -> None:
    model, images = batched(models[name]), drawn(4, side_of(name))
    one = together(model, images)
    other = together(model, torch.stack([images[2], images[0], images[3], images[1]]))
    for i, place in enumerate([1, 3, 0, 2]):
        assert_same(other[place], one[i])


def test_a_second_stage_in_bfloat16_finds_the_same(models: dict[str, FasterRCNN]) -> None:
    images = drawn(BATCH, 256)
    exact = together(batched(models[LITE]), images)
    found = together(batched(models[LITE], heads=torch.bfloat16), images)
    overlaps, cosines = [], []
    for ours, theirs in zip(found, exact, strict=True):
        overlap, nearest = box_iou(theirs.boxes, ours.boxes).max(1)
        features = ours.features[nearest]
        overlaps.append(overlap)
        cosines.append(F.cosine_similarity(theirs.features, features)[overlap > 0.9])
    assert torch.cat(overlaps).gt(0.9).float().mean() >= 0.95
    assert torch.cat(cosines).median() >= 0.999
    assert not torch.equal(found.features, exact.features)
    # Coordinates that bfloat16 could not hold, so they never were in it.
    assert not torch.equal(found.boxes, found.boxes.bfloat16().float())


def test_an_image_without_proposals_is_masked(models: dict[str, FasterRCNN]) -> None:
    model = copy.deepcopy(models[RESNET])
    model.rpn.min_size = 1e4  # so that no proposal is large enough
    (found,) = together(batched(model), drawn(1, 64))
    assert not found.mask.any()
    assert not any(x.any() for x in (found.features, found.boxes, found.scores, found.classes))


def test_a_tiny_canvas_has_fewer_candidates_than_regions(models: dict[str, FasterRCNN]) -> None:
    model = copy.deepcopy(models[RESNET])
    model.rpn._post_nms_top_n = {"training": 5, "testing": 5}
    (found,) = together(batched(model), drawn(1, 32))
    assert found.features.shape == (12, 1024)
    assert found.mask.tolist() == [True] * 5 + [False] * 7


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_takes_few_operations_and_waits_of_the_host(
    models: dict[str, FasterRCNN], name: str
) -> None:
    """What a GPU is asked to do, counted on a CPU."""
    usual = models[name] if name == LITE else untrained(name, candidates=1000, proposals=1000)
    model = batched(usual, torch.bfloat16, torch.bfloat16)
    images = drawn(BATCH, side_of(name))
    sizes = [(images.shape[2], images.shape[3])] * BATCH
    if name != LITE:
        sizes[0] = (100, 128)  # so that padding is masked
    together(model, images, sizes)  # what shapes decide is computed once
    with counted() as counter:
        model.detect(images, sizes, 36, 0.5, "top_conf")
    assert counter.operations.total() / BATCH <= 60, counter.operations
    assert counter.waits.total() <= 3, counter.waits
    assert counter.flops[torch.float32] <= 0.05 * counter.flops.total(), counter.flops


def test_counting_notices_a_loop_over_images(models: dict[str, FasterRCNN]) -> None:
    images = drawn(2, 256) / 255
    with counted() as counter:
        detect_regions(models[LITE], images, [(256, 256)] * 2, 36, 0.5)
    assert counter.operations.total() / 2 > 150
    assert counter.waits.total() > 10
    assert counter.flops[torch.float32] == counter.flops.total() > 1e9
