"""The targets of fc7: means of the trunk's maps over regions and images, and image classes."""

import pytest
import torch
from torch import Tensor, nn

from pipeline.detector_training.training.distillation import Distillation
from pipeline.detector_training.training.losses import Regions
from pipeline.encoders.detectors.lite import BoxHead

CLASSES = 80
TAUGHT = 432 + 320 + CLASSES  # of fc7's 1024 channels


@pytest.fixture
def distillation() -> Distillation:
    torch.manual_seed(0)
    found = Distillation(CLASSES)
    found.teach_images(nn.Linear(1280, CLASSES), torch.randn(50, 1600))
    return found


def _means(regions: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    return torch.randn(regions, 432), torch.randn(regions, 1600)


def _wanted(distillation: Distillation, own: Tensor, images: Tensor) -> Tensor:
    whole = images @ distillation.whole.T + distillation.whole_bias
    return torch.cat([own @ distillation.own.T, whole], 1)


def test_only_fc7_learns(distillation: Distillation) -> None:
    fc7 = torch.rand(3, 1024, requires_grad=True)
    distillation(Regions(*_means(3), fc7)).backward()
    assert fc7.grad is not None
    # The others are for what classes and boxes need.
    assert fc7.grad[:, :TAUGHT].all()
    assert not fc7.grad[:, TAUGHT:].any()
    assert list(distillation.parameters()) == []


def test_what_is_taught_can_be_read_back(distillation: Distillation) -> None:
    own, images = _means(2)
    fc7 = torch.cat([_wanted(distillation, own, images), torch.rand(2, 1024 - TAUGHT)], 1)
    assert distillation(Regions(own, images, fc7)).item() == pytest.approx(0, abs=1e-10)
    assert distillation(Regions(own, images, fc7 + 2)).item() == pytest.approx(4.0, rel=1e-4)
    torch.testing.assert_close(fc7[:, :432] @ distillation.own, own, atol=1e-4, rtol=1e-4)
    mixture, bias = distillation.whole[:320, :320], distillation.whole_bias[:320]
    last = torch.linalg.solve(mixture, (fc7[:, 432:752] - bias).T).T
    torch.testing.assert_close(last, images[:, :320], atol=1e-3, rtol=1e-3)


def test_the_regions_mixture_keeps_lengths(distillation: Distillation) -> None:
    torch.testing.assert_close(distillation.own @ distillation.own.T, torch.eye(432))


def test_what_is_taught_of_images_has_mean_zero_and_spread_one() -> None:
    torch.manual_seed(0)
    distillation, regression = Distillation(CLASSES), nn.Linear(1280, CLASSES)
    means = torch.randn(200, 1600) * 3 + 1
    distillation.teach_images(regression, means)
    taught = means @ distillation.whole.T + distillation.whole_bias  # 200 x 400
    torch.testing.assert_close(taught.mean(0), torch.zeros(400), atol=1e-4, rtol=0)
    torch.testing.assert_close(taught.std(0), torch.ones(400), atol=2e-3, rtol=0)
    logits = regression(means[:, 320:])
    for ours, theirs in zip(taught[:, 320:].T, logits.T, strict=True):
        assert torch.equal(ours.argsort()[[0, -1]], theirs.argsort()[[0, -1]])


def test_fc7_starts_with_what_it_has_to_repeat(distillation: Distillation) -> None:
    torch.manual_seed(0)
    head, pooled = BoxHead(CLASSES), torch.randn(3, 6272 + 432 + 1600)
    others = head.linear(pooled)[:, TAUGHT:]
    distillation.start(head.fc7)
    fc7 = head.linear(pooled)
    own, images = pooled[:, 6272:].split((432, 1600), 1)
    assert distillation(Regions(own, images, fc7)).item() == pytest.approx(0, abs=1e-8)
    assert torch.equal(fc7[:, TAUGHT:], others)
