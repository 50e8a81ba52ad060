"""A photo's regions together have to tell which classes stand in it."""

import math

import pytest
import torch
from torch import Tensor

from pipeline.features.detectors.training.dataset import Target
from pipeline.features.detectors.training.losses import Regions
from pipeline.features.detectors.training.presence import Presence


def _target(labels: list[int], scores: list[float]) -> Target:
    return {"labels": torch.tensor(labels), "scores": torch.tensor(scores)}


def _presence(weight: Tensor) -> Presence:
    """Of three classes and background; weight (3, 2) reads the first two channels of fc7."""
    presence = Presence(classes=4)
    with torch.no_grad():
        presence.score.weight.zero_()
        presence.score.bias.zero_()
        presence.score.weight[:, :2] = weight
    return presence


def _regions(rows: list[list[float]], counts: list[int]) -> Regions:
    fc7 = torch.zeros(len(rows), 1024)
    fc7[:, :2] = torch.tensor(rows)
    return Regions(torch.zeros(len(rows), 432), fc7, counts)


def test_each_photo_is_judged_by_the_mean_of_its_own_regions() -> None:
    presence = _presence(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    regions = _regions([[4.0, 0.0], [0.0, 0.0], [0.0, -1.0]], [2, 1])  # means (2, 0), (0, -1)
    # Class 1 stands in the first photo for sure, class 2 half surely in the second.
    targets = [_target([1], [0.9]), _target([2, 2], [0.35, 0.25])]
    loss = presence(regions, targets)

    def cost(logit: float, present: float) -> float:
        chance = 1 / (1 + math.exp(-logit))
        return -present * math.log(chance) - (1 - present) * math.log(1 - chance)

    first = cost(2, 1) + cost(0, 0) + cost(0, 0)
    second = cost(0, 0) + cost(-1, 0.5) + cost(0, 0)
    assert loss.item() == pytest.approx((first + second) / 2, rel=1e-5)


def test_a_photo_without_a_box_holds_no_class() -> None:
    presence = _presence(torch.zeros(3, 2))
    loss = presence(_regions([[0.0, 0.0]], [1]), [_target([], [])])
    assert loss.item() == pytest.approx(3 * math.log(2), rel=1e-5)
    sure = presence(_regions([[0.0, 0.0]], [1]), [_target([1, 2, 3], [0.9, 0.9, 0.9])])
    sure.backward()
    assert presence.score.bias.grad is not None
    assert (presence.score.bias.grad < 0).all()
