"""Agreement with the teacher, counted by hand."""

import pytest
import torch

from pipeline.detector_training.dataset import Target
from pipeline.detector_training.evaluation.agreement import Agreement, agreement
from pipeline.encoders.detectors.base import Detections


def _detected(boxes: list[list[float]], classes: list[int], masked: int = 0) -> Detections:
    rows = len(boxes) + masked
    padding = [[0.0] * 4] * masked
    return Detections(
        features=torch.zeros(rows, 2),
        boxes=torch.tensor(boxes + padding).reshape(-1, 4),
        scores=torch.zeros(rows),
        classes=torch.tensor(classes + [0] * masked),
        mask=torch.arange(rows) < len(boxes),
    )


def _target(boxes: list[list[float]], classes: list[int]) -> Target:
    return {"boxes": torch.tensor(boxes).reshape(-1, 4), "labels": torch.tensor(classes)}


def test_class_is_that_of_the_region_which_overlaps_most() -> None:
    teacher = _target([[0.0, 0.0, 10.0, 10.0]], [1])
    close, closer = [0.0, 0.0, 10.0, 7.0], [0.0, 0.0, 10.0, 9.0]
    counts = agreement([_detected([close, closer], [1, 2])], [teacher])
    assert counts == Agreement(boxes=1, covered=1, same_class=0, found=1)
    counts = agreement([_detected([close, closer], [2, 1])], [teacher])
    assert counts == Agreement(boxes=1, covered=1, same_class=1, found=1)


def test_half_an_overlap_does_not_cover() -> None:
    teacher = _target([[0.0, 0.0, 10.0, 10.0]], [1])
    assert agreement([_detected([[0.0, 0.0, 10.0, 5.0]], [1])], [teacher]).covered == 0
    assert agreement([_detected([[0.0, 0.0, 10.0, 5.1]], [1])], [teacher]).covered == 1


def test_images_add_up() -> None:
    box = [0.0, 0.0, 10.0, 10.0]
    nothing_seen = _detected([], [], masked=3)
    seen = _detected([box], [7], masked=2)
    targets = [_target([box, box], [7, 8]), _target([], []), _target([box], [7])]
    counts = agreement([seen, seen, nothing_seen], targets)
    assert counts == Agreement(boxes=3, covered=2, same_class=1, found=1)
    figures = counts.figures()
    assert figures["coverage"] == pytest.approx(2 / 3)
    assert figures["class_agreement"] == pytest.approx(1 / 2)
    assert figures["found_with_class"] == pytest.approx(1 / 3)
