"""Selection and padding of regions, on boxes worked out by hand."""

import pytest
import torch
from torch import Tensor

from pipeline.encoders.detectors.base import find_regions, select_regions, sort_and_pad

# a and b overlap by 9/11 of their union; c and d lie apart; e is empty.
A, B, C, D, E = (
    [0.0, 0.0, 10.0, 10.0],
    [1.0, 0.0, 11.0, 10.0],
    [50.0, 50.0, 60.0, 60.0],
    [80.0, 80.0, 90.0, 90.0],
    [20.0, 20.0, 20.0, 30.0],
)


def _boxes(*rows: list[float]) -> Tensor:
    return torch.tensor(rows)


def test_the_surest_box_suppresses_its_neighbour() -> None:
    chosen = select_regions(_boxes(A, B, C, D), torch.tensor([0.5, 0.9, 0.1, 0.7]), 3, 0.5)
    assert chosen.tolist() == [1, 3, 2]


def test_suppressed_boxes_fill_up_after_all_survivors() -> None:
    chosen = select_regions(_boxes(A, B, C, D), torch.tensor([0.8, 0.9, 0.1, 0.7]), 4, 0.5)
    assert chosen.tolist() == [1, 3, 2, 0]


def test_rpn_order_ignores_the_scores() -> None:
    boxes, scores = _boxes(A, B, C, D), torch.tensor([0.1, 0.9, 0.2, 0.7])
    assert select_regions(boxes, scores, 3, 0.5, "rpn_order").tolist() == [0, 2, 3]


def test_threshold_decides_what_overlaps() -> None:
    boxes, scores = _boxes(A, B, C), torch.tensor([0.8, 0.9, 0.1])
    assert select_regions(boxes, scores, 2, 0.82).tolist() == [1, 0]
    assert select_regions(boxes, scores, 2, 0.81).tolist() == [1, 2]


@pytest.mark.parametrize("select", ["top_conf", "rpn_order"])
def test_empty_boxes_are_never_chosen(select: str) -> None:
    boxes, scores = _boxes(E, A, C), torch.tensor([0.9, 0.2, 0.1])
    assert select_regions(boxes, scores, 3, 0.5, select).tolist() == [1, 2]  # type: ignore[arg-type]


def test_no_candidates_give_no_regions() -> None:
    assert select_regions(torch.zeros(0, 4), torch.zeros(0), 36, 0.5).tolist() == []


def test_equal_scores_go_by_area_then_from_left_to_right() -> None:
    large = [0.0, 100.0, 20.0, 120.0]
    boxes, scores = _boxes(D, C, large, A), torch.full((4,), 0.5)
    assert select_regions(boxes, scores, 4, 0.5).tolist() == [2, 3, 1, 0]


def test_rows_are_sorted_and_padded_with_zeros() -> None:
    features = torch.tensor([[1.0, 1.0], [2.0, 2.0]])
    found = sort_and_pad(
        features, _boxes(A, C), torch.tensor([0.2, 0.6]), torch.tensor([5, 7]), regions=4
    )
    assert found.features.tolist() == [[2.0, 2.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    assert found.boxes.tolist() == [C, A, [0.0] * 4, [0.0] * 4]
    assert found.scores.tolist() == pytest.approx([0.6, 0.2, 0.0, 0.0])
    assert found.classes.tolist() == [7, 5, 0, 0]
    assert found.mask.tolist() == [True, True, False, False]


def test_half_precision_comes_out_as_float32() -> None:
    found = sort_and_pad(
        torch.ones(1, 2).half(), _boxes(A).half(), torch.ones(1).half(), torch.ones(1), regions=1
    )
    assert {found.features.dtype, found.boxes.dtype, found.scores.dtype} == {torch.float32}
    assert (found.classes.dtype, found.mask.dtype) == (torch.int64, torch.bool)


class TakesNoNone:
    """A head whose features are the boxes' corners; like some convolutions, it needs a box."""

    width = 4

    def features(self, boxes: Tensor) -> Tensor:
        assert len(boxes)
        return boxes

    def classify(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return features[:, 0] / 100, torch.ones(len(features), dtype=torch.long)

    def refine(self, features: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
        return boxes


@pytest.mark.parametrize(
    "proposals", [torch.zeros(0, 4), _boxes(E), _boxes([95.0, 0.0, 99.0, 9.0])]
)
def test_an_image_without_a_proposal_or_a_real_box_is_masked(proposals: Tensor) -> None:
    found = find_regions(TakesNoNone(), proposals, (90, 90), 3, 0.5, "top_conf")
    assert found.mask.tolist() == [False] * 3
    assert found.features.tolist() == found.boxes.tolist() == [[0.0] * 4] * 3
    assert found.scores.tolist() == found.classes.tolist() == [0] * 3
