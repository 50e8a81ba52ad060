"""The ranking loss and the draw of negatives."""

import numpy as np
import pytest
import torch

from pipeline.models.search.loss import ranking_loss, sample_negatives

SCORES = torch.tensor([[0.5, 0.6, 0.1], [0.9, 0.2, 0.3]])
POSITIVE = torch.tensor([0, 2])
NEGATIVES = torch.tensor([[False, True, True], [True, True, False]])


def test_per_negative_by_hand() -> None:
    # 0.2 - 0.5 + 0.6 and 0.2 - 0.5 + 0.1 < 0; 0.2 - 0.3 + 0.9 and 0.2 - 0.3 + 0.2
    found = ranking_loss(SCORES, POSITIVE, NEGATIVES, 0.2, "per_negative")
    assert found.item() == pytest.approx((0.3 + 0.8 + 0.1) / 2)


def test_one_hinge_around_the_sum_by_hand() -> None:
    found = ranking_loss(SCORES, POSITIVE, NEGATIVES, 0.2, "summed")
    assert found.item() == pytest.approx(((0.3 - 0.2) + (0.8 + 0.1)) / 2)


def test_only_the_drawn_negatives_count() -> None:
    few = torch.tensor([[False, False, True], [False, True, False]])
    found = ranking_loss(SCORES, POSITIVE, few, 0.2, "per_negative")
    assert found.item() == pytest.approx((0 + 0.1) / 2)


def test_negatives_are_never_relevant_and_as_many_as_asked_for() -> None:
    rng = np.random.default_rng(0)
    relevant = rng.random((40, 30)) < 0.3
    chosen = sample_negatives(relevant, 7, np.random.default_rng(1))
    assert not (chosen & relevant).any()
    assert chosen.sum(1).tolist() == [7] * 40
    assert (chosen == sample_negatives(relevant, 7, np.random.default_rng(1))).all()
    assert (chosen != sample_negatives(relevant, 7, np.random.default_rng(2))).any()


def test_where_there_are_too_few_all_are_taken() -> None:
    relevant = np.array([[True, False, True], [True, True, True]])
    chosen = sample_negatives(relevant, 9, np.random.default_rng(0))
    assert chosen.tolist() == [[False, True, False], [False, False, False]]


def test_all_images_are_drawn_alike() -> None:
    relevant = np.zeros((4000, 5), np.bool_)
    share = sample_negatives(relevant, 2, np.random.default_rng(0)).mean(0)
    assert share == pytest.approx(np.full(5, 0.4), abs=0.04)
