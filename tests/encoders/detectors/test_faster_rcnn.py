import copy
from collections.abc import Callable
from functools import partialmethod
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.fx import GraphModule
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from pipeline.encoders.detectors import faster_rcnn
from pipeline.encoders.detectors.faster_rcnn import FasterRCNNDetector, detect_regions
from pipeline.encoders.detectors.lite import FasterRCNNLite

SIZE = (96, 128)


@pytest.fixture(scope="module")
def model() -> FasterRCNNLite:
    torch.manual_seed(0)
    model = FasterRCNNLite(("__background__", "dog", "cat", "car")).eval()
    # Untrained heads hardly tell boxes apart; larger weights make scores and shifts differ.
    for layer in (model.roi_heads.box_predictor.cls_score, model.roi_heads.box_predictor.bbox_pred):
        torch.nn.init.normal_(layer.weight, std=0.5)
    return model


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(3, 3, *SIZE, generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def naive_regions(
    model: FasterRCNNLite, image: Tensor, regions: int, threshold: float
) -> list[int]:
    """The chosen candidates by a plain loop: likeliest first, none that overlaps a chosen one."""
    boxes, scores, _ = candidates(model, image)
    order = scores.argsort(descending=True).tolist()
    chosen: list[int] = []
    for i in order:
        if all(box_iou(boxes[i][None], boxes[j][None]).item() <= threshold for j in chosen):
            chosen.append(i)
    rest = [i for i in order if i not in chosen]
    return (chosen + rest)[:regions]


@torch.inference_mode()
def candidates(model: FasterRCNNLite, image: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    levels = model.backbone(image[None])
    (proposals,), _ = model.rpn(ImageList(image[None], [SIZE]), levels)
    fc7 = model.roi_heads.box_head(model.roi_heads.box_roi_pool(levels, [proposals], [SIZE]))
    logits, shifts = model.roi_heads.box_predictor(fc7)
    scores, classes = logits.softmax(1)[:, 1:].max(1)
    boxes = model.roi_heads.box_coder.decode(shifts, [proposals])  # N x C x 4
    own = torch.stack([boxes[i, classes[i] + 1] for i in range(len(boxes))])
    height, width = SIZE
    limits = torch.tensor([width, height, width, height])
    return own.clamp(min=0).minimum(limits), scores, levels


def test_the_likeliest_boxes_that_do_not_overlap_are_chosen(
    model: FasterRCNNLite, images: Tensor
) -> None:
    boxes, _, _ = candidates(model, images[0])
    expected = boxes[naive_regions(model, images[0], 12, 0.5)]
    (found,) = detect(model, images[:1], 12, 0.5)
    # The second pass of the head orders them anew.
    assert sorted(found.boxes.tolist()) == sorted(expected.tolist())


def test_feature_score_and_class_belong_to_the_final_box(
    model: FasterRCNNLite, images: Tensor
) -> None:
    (found,) = detect(model, images[:1], 12, 0.5)
    _, _, levels = candidates(model, images[0])
    heads = model.roi_heads
    with torch.inference_mode():
        fc7 = heads.box_head(heads.box_roi_pool(levels, [found.boxes], [SIZE]))
        probabilities = heads.box_predictor(fc7)[0].softmax(1)
    torch.testing.assert_close(found.features, fc7)
    torch.testing.assert_close(found.scores, probabilities[:, 1:].amax(1))
    assert torch.equal(found.classes, probabilities[:, 1:].argmax(1) + 1)


def test_an_image_does_not_depend_on_its_batch(model: FasterRCNNLite, images: Tensor) -> None:
    together = detect(model, images, 12, 0.5)
    for i in range(3):
        (alone,) = detect(model, images[i : i + 1], 12, 0.5)
        torch.testing.assert_close(together[i].boxes, alone.boxes)
        torch.testing.assert_close(together[i].features, alone.features)


def test_a_trunk_in_bfloat16_leaves_boxes_in_float32(
    model: FasterRCNNLite, images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (exact,) = detect(model, images[:1], 100, 1.0)
    half = torch.autocast("cpu", torch.bfloat16)
    monkeypatch.setattr(faster_rcnn, "trunk_precision", lambda device: half)
    (found,) = detect(model, images[:1], 100, 1.0)
    assert {found.boxes.dtype, found.scores.dtype, found.features.dtype} == {torch.float32}
    # Coordinates that bfloat16 could not hold, so they never were in it.
    assert not torch.equal(found.boxes, found.boxes.bfloat16().float())
    assert not torch.equal(found.boxes, exact.boxes)
    # What is not clipped lies where it lay, but for the rounding of the maps.
    near = box_iou(found.boxes, exact.boxes).amax(1)
    assert near.median() > 0.9


def test_a_trunk_that_reads_channels_last_finds_the_same(
    images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layout of a GPU, on the CPU."""
    torch.manual_seed(0)
    model = FasterRCNNLite(("__background__", "dog", "cat")).eval()
    expected = detect(model, images, 12, 0.5)
    monkeypatch.setattr(faster_rcnn, "trunk_layout", lambda device: torch.channels_last)
    detector = FasterRCNNDetector(model, model.classes, 0.5, lambda image, batched: None, {})
    detector.to(torch.device("cpu"))
    pixels = images.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        found = detector.detect(pixels, [SIZE] * len(pixels), 12, "top_conf")
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.boxes, theirs.boxes, rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(ours.features, theirs.features, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def detect(model: FasterRCNNLite, images: Tensor, regions: int, threshold: float) -> list:  # type: ignore[type-arg]
    return detect_regions(model, images, [SIZE] * len(images), regions, threshold)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Compilation without a C++ compiler: grows by one with every program that is made."""
    programs: list[int] = []

    def backend(program: GraphModule, _: list[Tensor]) -> Callable[..., Any]:
        programs.append(len(programs))
        return program.forward

    monkeypatch.setattr(nn.Module, "compile", partialmethod(nn.Module.compile, backend=backend))
    return programs


def test_a_compiled_trunk_finds_the_same_with_one_program(
    model: FasterRCNNLite, images: Tensor, compiled: list[int]
) -> None:
    plain, changed = (
        FasterRCNNDetector(
            copy.deepcopy(model), model.classes, 0.5, lambda image, batched: None, {}
        )
        for _ in range(2)
    )
    changed.compile_trunk()
    assert not compiled
    others = 1 - images
    with torch.inference_mode():
        for pixels in (images, others):
            expected = plain.detect(pixels, [SIZE] * len(pixels), 12, "top_conf")
            found = changed.detect(pixels, [SIZE] * len(pixels), 12, "top_conf")
            for a, b in zip(found, expected, strict=True):
                assert torch.equal(a.boxes, b.boxes)
                assert torch.equal(a.features, b.features)
    assert compiled == [0]
