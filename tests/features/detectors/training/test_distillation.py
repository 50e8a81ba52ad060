"""What fc7 has to repeat is the mean of the trunk's maps under each region."""

import pytest
import torch

from pipeline.features.detectors.training.distillation import Distillation
from pipeline.features.detectors.training.losses import Regions


@pytest.fixture
def distillation() -> Distillation:
    torch.manual_seed(0)
    return Distillation()


def test_only_fc7_learns(distillation: Distillation) -> None:
    torch.manual_seed(0)
    means, fc7 = torch.randn(3, 432), torch.rand(3, 1024, requires_grad=True)
    distillation(Regions(means, fc7, [2, 1])).backward()
    assert fc7.grad is not None
    # The last 160 channels are free for what classes and boxes need.
    assert fc7.grad[:, :864].all()
    assert not fc7.grad[:, 864:].any()
    assert list(distillation.parameters()) == []


def test_what_is_taught_can_be_read_back(distillation: Distillation) -> None:
    torch.manual_seed(0)
    means = torch.randn(2, 432)
    fc7 = torch.cat([means @ distillation.mixture.T, torch.rand(2, 160)], 1)
    assert distillation(Regions(means, fc7, [2])).item() == pytest.approx(0, abs=1e-10)
    assert distillation(Regions(means, fc7 + 2, [2])).item() == pytest.approx(4.0, rel=1e-4)
    found = torch.linalg.lstsq(distillation.mixture, fc7[:, :864].T).solution.T
    torch.testing.assert_close(found, means, atol=1e-4, rtol=1e-4)


def test_no_taught_channel_stands_out(distillation: Distillation) -> None:
    torch.testing.assert_close(distillation.mixture.square().sum(1), torch.ones(864))
