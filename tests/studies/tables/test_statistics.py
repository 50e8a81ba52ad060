"""Intervals and tests against loops over resamples, and what must hold of them."""

import numpy as np
import pytest

from pipeline.studies.tables.runs import Runs
from pipeline.studies.tables.statistics import METRICS, Bootstrap, scores


def drawn(accuracy: float, runs: int = 4, pairs: int = 120, seed: int = 0) -> Runs:
    """Runs that are each right about a pair with this probability."""
    rng = np.random.default_rng(seed)
    gold = np.random.default_rng(99).integers(0, 3, pairs)
    right = rng.random((runs, pairs)) < accuracy
    predicted = np.where(right, gold, (gold + rng.integers(1, 3, (runs, pairs))) % 3)
    return Runs(gold, np.eye(3, dtype=np.float32)[predicted])


def by_hand(gold: np.ndarray, predicted: np.ndarray, metric: str) -> float:
    if metric == "accuracy":
        return float((gold == predicted).mean())
    total = 0.0
    for kind in range(3):
        hits = ((gold == kind) & (predicted == kind)).sum()
        total += (
            (gold == kind).sum() * 2 * hits / ((gold == kind).sum() + (predicted == kind).sum())
        )
    return total / len(gold)


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
    summary = Bootstrap(120, 4000, seed=1).summary(row, metric)
    low, high = np.percentile(means, (2.5, 97.5))
    assert (summary.low, summary.high) == pytest.approx((low, high), abs=0.012)
    runs_of = scores(row)[metric]
    assert summary.mean == pytest.approx(runs_of.mean())
    assert summary.sd == pytest.approx(runs_of.std(ddof=1))
    assert summary.low < summary.mean < summary.high


def test_a_row_does_not_differ_from_itself() -> None:
    row = drawn(0.7)
    found = Bootstrap(120, 500, seed=0).difference(row, row, "accuracy")
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)


@pytest.mark.parametrize("metric", METRICS)
def test_a_clear_difference_is_seen_from_both_sides(metric: str) -> None:
    good, bad = drawn(0.9, seed=1), drawn(0.5, seed=2)
    bootstrap = Bootstrap(120, 500, seed=0)
    one, other = bootstrap.difference(good, bad, metric), bootstrap.difference(bad, good, metric)
    assert one.p == other.p == pytest.approx(2 / 501)
    assert one.low > 0 > other.high
    assert one.mean == pytest.approx(-other.mean)


def test_chance_differences_are_called_significant_about_as_often_as_they_should() -> None:
    bootstrap = Bootstrap(120, 300, seed=0)
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
    bootstrap = Bootstrap(120, 500, seed=0)
    found = bootstrap.difference(Runs(row.gold, better), row, "accuracy")
    summary = bootstrap.summary(row, "accuracy")
    assert found.mean == pytest.approx(0.1)
    assert found.low > 0
    assert found.high - found.low < 0.8 * (summary.high - summary.low)


def test_one_run_has_no_deviation() -> None:
    assert Bootstrap(120, 50, seed=0).summary(drawn(0.7, runs=1), "accuracy").sd == 0
