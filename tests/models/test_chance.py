"""Random and Majority on the counts of the paper's Table II (irrelevant, implicit, explicit)."""

import numpy as np
import pytest

from pipeline.metrics.classification import classification_metrics
from pipeline.models import majority, random

TRAIN, TEST = (3445, 1070, 5779), (319, 106, 558)
LABELS = ["irrelevant", "implicit", "explicit"]


def pairs_of(counts: tuple[int, ...]) -> np.ndarray:
    return np.repeat(np.arange(3), counts)


def majority_votes(train: np.ndarray, pairs: int) -> np.ndarray:
    return majority.votes({"test": np.zeros((pairs, 1))}, {"train": train}, 3, 0)


def random_votes(pairs: int, seed: int) -> np.ndarray:
    return random.votes({"test": np.zeros((pairs, 1))}, {}, 3, seed)


def expected_scores(counts: tuple[int, ...]) -> tuple[float, float]:
    """Accuracy and weighted F1 of uniform guessing: class c has precision p_c and recall 1/C."""
    shares = np.array(counts) / sum(counts)
    recall = 1 / len(counts)
    return recall, float(shares @ (2 * shares * recall / (shares + recall)))


def test_majority_on_the_published_test_split() -> None:
    gold = pairs_of(TEST)
    votes = majority_votes(pairs_of(TRAIN), len(gold))
    scores = classification_metrics(gold, votes.argmax(1), LABELS)
    assert round(100 * scores["accuracy"], 2) == 56.77
    assert round(100 * scores["f1_weighted"], 2) == 41.11
    np.testing.assert_allclose(votes[0], np.array(TRAIN) / sum(TRAIN), rtol=1e-6)


def test_majority_is_that_of_training() -> None:
    votes = majority_votes(np.array([1, 1, 2]), 4)
    assert votes.argmax(1).tolist() == [1, 1, 1, 1]


def test_random_s_closed_form_on_the_published_test_split() -> None:
    accuracy, f1 = expected_scores(TEST)
    assert round(100 * accuracy, 2) == 33.33
    assert round(100 * f1, 2) == 36.27


def test_random_draws_approach_the_closed_form() -> None:
    gold = pairs_of(TEST)
    drawn = [random_votes(len(gold), seed).argmax(1) for seed in range(300)]
    scores = [classification_metrics(gold, votes, LABELS) for votes in drawn]
    expected = expected_scores(TEST)
    for name, value in zip(("accuracy", "f1_weighted"), expected, strict=True):
        assert np.mean([score[name] for score in scores]) == pytest.approx(value, abs=0.004)


def test_random_repeats_itself_by_seed() -> None:
    first, again, other = (random_votes(50, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (first.sum(1) == 1).all()
