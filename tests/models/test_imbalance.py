"""Losses for rare classes, worked by hand."""

from math import exp, log

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pipeline.models.imbalance import class_weights, focal_loss

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
