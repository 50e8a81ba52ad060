"""Intervals and tests against loops over resamples, and what must hold of them."""

import numpy as np
import pytest

from pipeline.studies.tables.runs import Runs
from pipeline.studies.tables.statistics import METRICS, Bootstrap, rank_agreements, scores


def drawn(accuracy: float, runs: int = 4, pairs: int = 120, seed: int = 0) -> Runs:
    """Runs that are each right about a pair with this probability."""
    rng = np.random.default_rng(seed)
    gold = np.random.default_rng(99).integers(0, 3, pairs)
    right = rng.random((runs, pairs)) < accuracy
    predicted = np.where(right, gold, (gold + rng.integers(1, 3, (runs, pairs))) % 3)
    return Runs(gold, np.eye(3, dtype=np.float32)[predicted], np.zeros_like(gold))


# Every pair has an image of its own.
IMAGES = [str(i) for i in range(120)]


def by_hand(gold: np.ndarray, predicted: np.ndarray, metric: str) -> float:
    if metric == "accuracy":
        return float((gold == predicted).mean())
    total = 0.0
    for kind in range(3):
        actual, found = gold == kind, predicted == kind
        f1 = 2 * (actual & found).sum() / (actual.sum() + found.sum())
        total += f1 * (actual.mean() if metric == "f1_weighted" else 1 / 3)
    return total


@pytest.mark.parametrize("metric", METRICS)
def test_interval_is_that_of_resampled_pairs_and_runs(metric: str) -> None:
    row = drawn(0.7)
    rng = np.random.default_rng(5)
    means = []
    for _ in range(1000):
        pairs = rng.integers(0, 120, 120)
        runs = rng.integers(0, 4, 4)
        found = [by_hand(row.gold[pairs], row.predicted[run][pairs], metric) for run in runs]
        means.append(np.mean(found))
    summary = Bootstrap(IMAGES, 4000, seed=1).summary(row, metric)
    low, high = np.percentile(means, (2.5, 97.5))
    assert (summary.low, summary.high) == pytest.approx((low, high), abs=0.012)
    runs_of = scores(row)[metric]
    assert summary.mean == pytest.approx(runs_of.mean())
    assert summary.sd == pytest.approx(runs_of.std(ddof=1))
    assert summary.low < summary.mean < summary.high


def test_a_row_does_not_differ_from_itself() -> None:
    row = drawn(0.7)
    found = Bootstrap(IMAGES, 500, seed=0).difference(row, row, "accuracy")
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)


@pytest.mark.parametrize("metric", METRICS)
def test_a_clear_difference_is_seen_from_both_sides(metric: str) -> None:
    good, bad = drawn(0.9, seed=1), drawn(0.5, seed=2)
    bootstrap = Bootstrap(IMAGES, 500, seed=0)
    one, other = bootstrap.difference(good, bad, metric), bootstrap.difference(bad, good, metric)
    assert one.p == other.p == pytest.approx(2 / 501)
    assert one.low > 0 > other.high
    assert one.mean == pytest.approx(-other.mean)


def test_chance_differences_are_called_significant_about_as_often_as_they_should() -> None:
    bootstrap = Bootstrap(IMAGES, 300, seed=0)
    found = [
        bootstrap.difference(drawn(0.7, seed=2 * i), drawn(0.7, seed=2 * i + 1), "accuracy").p
        for i in range(60)
    ]
    assert sum(p < 0.05 for p in found) <= 10
    assert 0.2 < np.mean(found) < 0.8


def test_pairs_that_both_rows_find_hard_cancel_out() -> None:
    """Rows that fail on the same pairs differ less surely wrong than their intervals say."""
    row = drawn(0.6, runs=1)
    better = row.probabilities.copy()
    wrong = np.flatnonzero(row.predicted[0] != row.gold)[:12]
    better[0, wrong] = np.eye(3)[row.gold[wrong]]
    bootstrap = Bootstrap(IMAGES, 500, seed=0)
    found = bootstrap.difference(Runs(row.gold, better, row.folds), row, "accuracy")
    summary = bootstrap.summary(row, "accuracy")
    assert found.mean == pytest.approx(0.1)
    assert found.low > 0
    assert found.high - found.low < 0.8 * (summary.high - summary.low)


def test_one_run_has_no_deviation() -> None:
    assert Bootstrap(IMAGES, 50, seed=0).summary(drawn(0.7, runs=1), "accuracy").sd == 0


def test_pairs_of_one_image_are_drawn_together() -> None:
    """Copies of a pair tell no more than the pair itself, unless each counts as a new image."""
    row = drawn(0.7)
    votes = np.tile(row.probabilities, (1, 3, 1))
    copied = Runs(np.tile(row.gold, 3), votes, np.tile(row.folds, 3))
    once = Bootstrap(IMAGES, 500, seed=0).summary(row, "accuracy")
    assert Bootstrap(IMAGES * 3, 500, seed=0).summary(copied, "accuracy") == pytest.approx(once)
    apart = Bootstrap([str(i) for i in range(360)], 500, seed=0).summary(copied, "accuracy")
    assert apart.high - apart.low < 0.8 * (once.high - once.low)


def test_folds_count_alike_whatever_their_size() -> None:
    large, small = drawn(0.9, seed=1), drawn(0.5, pairs=30, seed=2)
    row = Runs.joined([large, small])
    for metric in (*METRICS, "f1"):
        means = (scores(large)[metric] + scores(small)[metric]) / 2
        np.testing.assert_allclose(scores(row)[metric], means)
    means = (rank_agreements(large) + rank_agreements(small)) / 2
    np.testing.assert_allclose(rank_agreements(row), means)
    # The small fold's images are among the large one's.
    bootstrap = Bootstrap(IMAGES + IMAGES[:30], 2000, seed=0)
    found = bootstrap.summary(row, "f1_macro")
    assert found.low < found.mean < found.high
    rng, resampled = np.random.default_rng(7), []
    for _ in range(1000):
        times, runs = np.bincount(rng.integers(0, 120, 120), minlength=120), rng.integers(0, 4, 4)
        for run in runs:
            folds = []
            for fold, count in ((large, 120), (small, 30)):
                pairs = np.repeat(np.arange(count), times[:count])
                folds.append(by_hand(fold.gold[pairs], fold.predicted[run][pairs], "f1_macro"))
            resampled.append(np.mean(folds))
    means = np.reshape(resampled, (-1, 4)).mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.015)
