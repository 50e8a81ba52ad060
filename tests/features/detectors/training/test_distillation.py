"""What fc7 has to rebuild is the mean of the trunk's maps under each region."""

import pytest
import torch
from torch import Tensor

from pipeline.features.detectors.training.distillation import Distillation

CHANNELS = (40, 112, 320)
STRIDES = (8, 16, 32)
SIZE = 128


@pytest.fixture
def maps() -> list[Tensor]:
    """Maps of two 128 x 128 images."""
    torch.manual_seed(0)
    return [torch.randn(2, c, SIZE // s, SIZE // s) for c, s in zip(CHANNELS, STRIDES, strict=True)]


@pytest.fixture
def distillation() -> Distillation:
    torch.manual_seed(0)
    return Distillation()


def test_a_region_of_whole_cells_has_their_mean(
    maps: list[Tensor], distillation: Distillation
) -> None:
    # A map that rises evenly has the same mean under RoIAlign's points as over the cells.
    ramps = [torch.arange(x.shape[-1], dtype=torch.float32).expand_as(x).clone() for x in maps]
    boxes = [torch.tensor([[32.0, 32.0, 96.0, 96.0]]), torch.zeros(0, 4)]
    found = distillation.descriptors(ramps, boxes)  # 1 x 432
    assert found.shape == (1, 432)
    # Columns 2 to 5 at stride 16, 1 to 2 at stride 32.
    torch.testing.assert_close(found[0, :112], torch.full((112,), 3.5))
    torch.testing.assert_close(found[0, 112:], torch.full((320,), 1.5))


def test_each_region_is_read_from_its_own_image(
    maps: list[Tensor], distillation: Distillation
) -> None:
    box = torch.tensor([[16.0, 16.0, 80.0, 112.0]])
    both = distillation.descriptors(maps, [box, box])
    for i in range(2):
        alone = distillation.descriptors([x[i : i + 1] for x in maps], [box])
        torch.testing.assert_close(both[i : i + 1], alone)


def test_measured_channels_have_mean_zero_and_spread_one(distillation: Distillation) -> None:
    torch.manual_seed(0)
    maps = [torch.randn(4, c, 16, 16) * 5 + 3 for c in CHANNELS]
    distillation.measure(maps)
    torch.testing.assert_close(distillation.mean, torch.full((432,), 3.0), atol=0.7, rtol=0)
    scaled = [
        (x - m[:, None, None]) / s[:, None, None]
        for x, m, s in zip(
            maps[1:],
            distillation.mean.split(CHANNELS[1:]),
            distillation.spread.split(CHANNELS[1:]),
            strict=True,
        )
    ]
    for x in scaled:
        torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(x.shape[1]), atol=1e-4, rtol=0)
        torch.testing.assert_close(x.std((0, 2, 3)), torch.ones(x.shape[1]), atol=1e-3, rtol=0)


def test_only_fc7_learns(maps: list[Tensor], distillation: Distillation) -> None:
    fc7 = torch.rand(3, 1024, requires_grad=True)
    maps = [x.requires_grad_() for x in maps]
    boxes = [torch.tensor([[0.0, 0.0, 64.0, 64.0]] * 2), torch.tensor([[8.0, 8.0, 40.0, 99.0]])]
    distillation(fc7, maps, boxes).backward()
    assert fc7.grad is not None
    # The last 160 channels are free for what classes and boxes need.
    assert fc7.grad[:, :864].all()
    assert not fc7.grad[:, 864:].any()
    assert all(x.grad is None for x in maps)
    assert list(distillation.parameters()) == []


def test_what_is_taught_can_be_read_back(maps: list[Tensor], distillation: Distillation) -> None:
    boxes = [torch.tensor([[0.0, 0.0, 64.0, 64.0]]), torch.tensor([[8.0, 8.0, 40.0, 99.0]])]
    wanted = distillation.descriptors(maps, boxes)  # 2 x 432
    fc7 = torch.cat([wanted @ distillation.mixture.T, torch.rand(2, 160)], 1)
    assert distillation(fc7, maps, boxes).item() == pytest.approx(0, abs=1e-10)
    assert distillation(fc7 + 2, maps, boxes).item() == pytest.approx(4.0, rel=1e-4)
    found = torch.linalg.lstsq(distillation.mixture, fc7[:, :864].T).solution.T
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_no_taught_channel_stands_out(distillation: Distillation) -> None:
    torch.testing.assert_close(distillation.mixture.square().sum(1), torch.ones(864))
