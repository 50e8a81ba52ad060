"""Confidence beside accuracy, by hand."""

import numpy as np
import pytest

from pipeline.metrics.calibration import reliability


def test_bins_hold_confidence_and_accuracy() -> None:
    # Confidences 0.9 (right), 0.9 (wrong), 0.6 (right), 0.5 (wrong).
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.5, 0.5]], np.float32)
    found = reliability(np.array([0, 0, 0, 1]), probabilities, bins=5)
    assert found.count.tolist() == [0, 0, 1, 1, 2]  # (0.4, 0.6], (0.6, 0.8], (0.8, 1]
    assert found.accuracy.tolist() == [0, 0, 0, 1, 0.5]
    assert found.confidence == pytest.approx([0, 0, 0.5, 0.6, 0.9])
    assert found.error == pytest.approx((0.5 + 0.4 + 2 * 0.4) / 4)


def test_full_confidence_that_is_always_right_has_no_error() -> None:
    found = reliability(np.array([0, 1]), np.eye(2, dtype=np.float32), bins=10)
    assert found.count.tolist() == [0] * 9 + [2]
    assert found.error == 0
