import pytest
import torch
from torch import Tensor
from torchvision.ops import nms

from pipeline.encoders.detectors.batched.suppression import keep_apart


def drawn(groups: int, count: int) -> Tensor:
    random = torch.Generator().manual_seed(0)
    corners = torch.rand(groups, count, 2, generator=random) * 60
    return torch.cat([corners, corners + torch.rand(groups, count, 2, generator=random) * 40], 2)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_each_group_keeps_what_torchvision_keeps(threshold: float) -> None:
    boxes = drawn(5, 120)
    real = torch.rand(5, 120, generator=torch.Generator().manual_seed(1)) > 0.2
    kept = keep_apart(boxes, real, threshold)
    ranks = torch.arange(120, 0, -1).float()
    for group in range(5):
        rows = real[group].nonzero()[:, 0]
        expected = rows[nms(boxes[group, rows], ranks[rows], threshold)]
        assert kept[group].nonzero()[:, 0].tolist() == expected.tolist()


def test_a_chain_of_any_length_is_followed_to_its_end() -> None:
    # Each overlaps the next one only, so every second is kept.
    starts = torch.arange(100.0)[:, None] * 6
    boxes = torch.cat([starts, torch.zeros(100, 1), starts + 10, torch.full((100, 1), 10.0)], 1)
    kept = keep_apart(boxes[None], torch.ones(1, 100, dtype=torch.bool), 0.2)
    assert kept[0].tolist() == [i % 2 == 0 for i in range(100)]


def test_what_is_no_candidate_suppresses_nothing() -> None:
    boxes = torch.tensor([[[0.0, 0.0, 9.0, 9.0]] * 3])
    assert keep_apart(boxes, torch.tensor([[False, True, True]]), 0.5).tolist() == [
        [False, True, False]
    ]


def test_empty_boxes_do_not_meet() -> None:
    boxes = torch.zeros(1, 3, 4)
    assert keep_apart(boxes, torch.ones(1, 3, dtype=torch.bool), 0.5).all()
