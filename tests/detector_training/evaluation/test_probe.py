"""The probe ranks features by how much a linear model can read from them."""

import numpy as np
import pandas as pd
import pytest

from pipeline.detector_training.dataset import LabelledImages
from pipeline.detector_training.evaluation.probe import (
    Part,
    difference_interval,
    linear_probe,
    mean_precision,
    probe_parts,
)
from pipeline.errors import UserError


def _parts(random: np.random.Generator) -> dict[str, Part]:
    sizes = {"train": 120, "tune": 40, "test": 40}
    return {s: Part(np.arange(n), random.random((n, 3)) < 0.4) for s, n in sizes.items()}


def test_features_that_hold_the_classes_score_one() -> None:
    random = np.random.default_rng(0)
    parts = _parts(random)
    telling = {s: p.present.astype(np.float32) for s, p in parts.items()}
    noise = {s: random.normal(size=p.present.shape).astype(np.float32) for s, p in parts.items()}
    present = parts["test"].present
    assert mean_precision(present, linear_probe(telling, parts)) == pytest.approx(1.0)
    assert mean_precision(present, linear_probe(noise, parts)) < 0.7


def test_classes_absent_from_the_test_part_are_left_out() -> None:
    parts = _parts(np.random.default_rng(0))
    parts["test"].present[:, 1] = False
    telling = {s: p.present.astype(np.float32) for s, p in parts.items()}
    assert mean_precision(parts["test"].present, linear_probe(telling, parts)) == pytest.approx(1.0)


def test_the_interval_of_a_difference_is_over_the_same_images() -> None:
    random = np.random.default_rng(0)
    present = random.random((200, 3)) < 0.3
    good = (present + random.normal(size=present.shape)).astype(np.float32)
    bad = random.normal(size=present.shape).astype(np.float32)
    assert difference_interval(present, good, good, 50, seed=0) == (0.0, 0.0)
    low, high = difference_interval(present, good, bad, 200, seed=0)
    ahead = mean_precision(present, good) - mean_precision(present, bad)
    assert 0.0 < low < ahead < high
    other_way = difference_interval(present, bad, good, 200, seed=0)
    assert other_way == pytest.approx((-high, -low))


def test_resamples_without_any_class_are_left_out() -> None:
    """Of three images, of which one has the class, many have none."""
    present = np.array([[True], [False], [False]])
    good = np.array([[2.0], [1.0], [0.0]], np.float32)
    low, high = difference_interval(present, good, -good, 50, seed=0)
    assert 0.0 <= low <= high <= 1.0


def test_a_part_without_any_of_the_classes_is_named() -> None:
    splits = ["train", "tune", "test"]
    table = pd.DataFrame({"name": list("abc"), "key": list("abc"), "split": splits})
    rows = [(0, 2, 0.9), (1, 2, 0.4), (2, 2, 0.9)]
    labels = pd.DataFrame(rows, columns=["photo", "class", "score"])
    dataset = LabelledImages(np.zeros((3, 2, 2, 3), np.uint8), table, labels)
    with pytest.raises(UserError, match="none of the 1 tune images has one of the 2 most frequent"):
        probe_parts(dataset, classes=2)


def test_classes_are_the_most_frequent_of_the_train_part() -> None:
    splits = ["train"] * 4 + ["tune", "test"]
    table = pd.DataFrame({"name": list("abcdef"), "key": list("abcdef"), "split": splits})
    rows = [(0, 2, 0.9), (1, 2, 0.9), (1, 2, 0.8), (2, 5, 0.9), (3, 2, 0.9), (3, 5, 0.6)]
    rows += [(0, 1, 0.4), (1, 1, 0.4), (2, 1, 0.3), (3, 1, 0.9)]  # doubtful but for the last
    rows += [(4, 5, 0.9), (5, 2, 0.9), (5, 1, 0.9)]
    labels = pd.DataFrame(rows, columns=["photo", "class", "score"])
    dataset = LabelledImages(np.zeros((6, 2, 2, 3), np.uint8), table, labels)
    parts = probe_parts(dataset, classes=2)
    assert parts["train"].present.tolist() == [
        [True, False],
        [True, False],
        [False, True],
        [True, True],
    ]
    assert parts["tune"].present.tolist() == [[False, True]]
    assert parts["test"].present.tolist() == [[True, False]]
