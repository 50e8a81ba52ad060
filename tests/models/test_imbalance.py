"""Losses for rare classes, worked by hand."""

from math import exp, log

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pipeline.models.imbalance import class_weights, classification_loss, focal_loss
from tests.tiny import tiny_params

LOGITS = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0], [0.5, 0.5, -1.0]])
LABELS = torch.tensor([2, 1, 0])


def probabilities() -> list[float]:
    """Of each pair's true class."""
    rows = [[exp(value) for value in row] for row in LOGITS.tolist()]
    return [row[label] / sum(row) for row, label in zip(rows, LABELS.tolist(), strict=True)]


def test_weights_are_inverse_to_frequency() -> None:
    weights = class_weights(np.array([0, 0, 0, 0, 1, 1, 2, 2]), 3)
    assert weights.tolist() == pytest.approx([8 / 12, 8 / 6, 8 / 6])
    assert class_weights(np.array([0, 0]), 2).isfinite().all()


def test_focal_loss_counts_the_sure_ones_less() -> None:
    expected = np.mean([-((1 - p) ** 2) * log(p) for p in probabilities()])
    assert focal_loss(LOGITS, LABELS, 2.0).item() == pytest.approx(expected, rel=1e-6)
    plain = F.cross_entropy(LOGITS, LABELS).item()
    assert focal_loss(LOGITS, LABELS, 0.0).item() == pytest.approx(plain, rel=1e-6)


WEIGHTS = torch.tensor([0.5, 2.0, 1.0])


def loss_of(**changes: object) -> float:
    params = tiny_params({f"loss.{name}": value for name, value in changes.items()}).loss
    return classification_loss(LOGITS, LABELS, WEIGHTS, params).item()


def test_the_loss_that_params_name_is_taken() -> None:
    losses = [-log(p) for p in probabilities()]
    weighted = [w * loss for w, loss in zip((1.0, 2.0, 0.5), losses, strict=True)]
    assert loss_of() == pytest.approx(np.mean(losses))
    assert loss_of(classification="class_weighted") == pytest.approx(sum(weighted) / 3.5)
    assert loss_of(classification="class_weighted", reduction="sum") == pytest.approx(sum(weighted))
    focal = [(1 - p) ** 3 * -log(p) for p in probabilities()]
    assert loss_of(classification="focal", focal_gamma=3.0) == pytest.approx(np.mean(focal))
    assert loss_of(classification="focal", focal_gamma=3.0, reduction="sum") == pytest.approx(
        sum(focal)
    )
