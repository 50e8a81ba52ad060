"""What fc7 has to repeat: the mean of the trunk's maps under each region, and what a linear model
says of the whole photo."""

import pytest
import torch
from torch import nn

from pipeline.features.detectors.lite import BoxHead
from pipeline.features.detectors.training.distillation import Distillation
from pipeline.features.detectors.training.losses import Regions

CLASSES = 80
MIXED = 1024 - 160 - CLASSES  # 784


@pytest.fixture
def distillation() -> Distillation:
    torch.manual_seed(0)
    found = Distillation(CLASSES)
    found.teach_presence(nn.Linear(432, CLASSES), torch.randn(50, 432))
    return found


def test_only_fc7_learns(distillation: Distillation) -> None:
    torch.manual_seed(0)
    own, pictures = torch.randn(2, 3, 432)
    fc7 = torch.rand(3, 1024, requires_grad=True)
    distillation(Regions(own, pictures, fc7)).backward()
    assert fc7.grad is not None
    # The last 160 channels are free for what classes and boxes need.
    assert fc7.grad[:, :864].all()
    assert not fc7.grad[:, 864:].any()
    assert list(distillation.parameters()) == []


def test_what_is_taught_can_be_read_back(distillation: Distillation) -> None:
    torch.manual_seed(0)
    own, pictures = torch.randn(2, 2, 432)
    evidence = pictures @ distillation.evidence.T + distillation.evidence_bias
    fc7 = torch.cat([own @ distillation.mixture.T, evidence, torch.rand(2, 160)], 1)
    assert distillation(Regions(own, pictures, fc7)).item() == pytest.approx(0, abs=1e-10)
    assert distillation(Regions(own, pictures, fc7 + 2)).item() == pytest.approx(4.0, rel=1e-4)
    found = torch.linalg.lstsq(distillation.mixture, fc7[:, :MIXED].T).solution.T
    torch.testing.assert_close(found, own, atol=1e-4, rtol=1e-4)


def test_no_channel_of_the_mixture_stands_out(distillation: Distillation) -> None:
    torch.testing.assert_close(distillation.mixture.square().sum(1), torch.ones(MIXED))


def test_evidence_is_the_regressions_with_mean_zero_and_spread_one() -> None:
    torch.manual_seed(0)
    distillation, regression = Distillation(CLASSES), nn.Linear(432, CLASSES)
    means = torch.randn(200, 432) * 3 + 1
    distillation.teach_presence(regression, means)
    evidence = means @ distillation.evidence.T + distillation.evidence_bias  # 200 x 80
    torch.testing.assert_close(evidence.mean(0), torch.zeros(CLASSES), atol=1e-4, rtol=0)
    torch.testing.assert_close(evidence.std(0), torch.ones(CLASSES), atol=2e-3, rtol=0)
    logits = regression(means)
    for ours, theirs in zip(evidence.T, logits.T, strict=True):
        assert torch.equal(ours.argsort()[[0, -1]], theirs.argsort()[[0, -1]])


def test_fc7_starts_with_what_it_has_to_repeat(distillation: Distillation) -> None:
    torch.manual_seed(0)
    head, pooled = BoxHead(), torch.randn(3, 6272 + 864)
    free = head(pooled)[:, 864:]
    distillation.start(head.fc7)
    fc7 = head(pooled)
    own, pictures = pooled[:, 6272:].chunk(2, 1)
    assert distillation(Regions(own, pictures, fc7)).item() == pytest.approx(0, abs=1e-8)
    assert torch.equal(fc7[:, 864:], free)
