"""Ranking metrics against worked values and plain loops."""

import math
from itertools import chain, permutations, product
from statistics import mean

import numpy as np
import pytest

from pipeline.metrics.ranking import Ranking, ranking_metrics, roc


def ranking(scores: object, gain: object, candidate: object = None) -> Ranking:
    values = np.array(gain, np.float64)
    shown = np.ones(values.shape, np.bool_) if candidate is None else np.array(candidate)
    return Ranking(np.array(scores, np.float32), values, shown)


def test_one_query_by_hand() -> None:
    found = ranking_metrics(ranking([[0.1, 0.9, 0.5]], [[3, 0, 1]]), "skip")
    # Ranked: not relevant, gain 1, gain 3.
    dcg = 1 / math.log2(3) + 3 / math.log2(4)
    assert found["ndcg@5"] == pytest.approx(dcg / (3 + 1 / math.log2(3)))
    assert (found["r@1"], found["r@5"]) == (0, 1)
    assert found["auc"] == 0


def naive(scores: list[float], gain: list[float], k: int) -> tuple[float, float]:
    """NDCG and recall at k, the means over all orders of equal scores."""
    ideal = sum(g / math.log2(p + 2) for p, g in enumerate(sorted(gain, reverse=True)[:k]))
    levels = sorted(set(scores), reverse=True)
    tied = [[g for s, g in zip(scores, gain, strict=True) if s == level] for level in levels]
    orders = [list(chain(*parts)) for parts in product(*(permutations(part) for part in tied))]
    dcg = [sum(g / math.log2(p + 2) for p, g in enumerate(order[:k])) for order in orders]
    return mean(dcg) / ideal, mean(float(any(order[:k])) for order in orders)


def test_many_queries_against_loops() -> None:
    rng = np.random.default_rng(0)
    scores, gain = rng.integers(0, 4, (40, 7)) / 5, rng.integers(0, 3, (40, 7)) * 1.0
    gain[:, 0] = 1
    found = ranking_metrics(ranking(scores, gain), "skip")
    loops = {
        k: [naive(s, g, k) for s, g in zip(scores.tolist(), gain.tolist(), strict=True)]
        for k in (1, 5, 10, 15, 25)
    }
    for k in (5, 10, 15, 25):
        assert found[f"ndcg@{k}"] == pytest.approx(np.mean([n for n, _ in loops[k]]))
    for k in (1, 5, 10):
        assert found[f"r@{k}"] == pytest.approx(np.mean([r for _, r in loops[k]]))
    pairs = [
        (1.0 if a > b else 0.5 if a == b else 0.0)
        for a in scores[gain > 0]
        for b in scores[gain == 0]
    ]
    assert found["auc"] == pytest.approx(np.mean(pairs), abs=1e-6)


def test_equal_scores_count_as_the_mean_over_their_orders() -> None:
    found = ranking_metrics(ranking([[0.9, 0.5, 0.5, 0.1]], [[0, 1, 0, 0]]), "skip")
    # Second or third, after the better one; of the three others it beats one and ties with one.
    assert found["ndcg@5"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / 2)
    assert (found["r@1"], found["r@5"]) == (0, 1)
    assert found["auc"] == pytest.approx(1.5 / 3)


def test_who_says_the_same_of_all_gets_what_guessing_gets() -> None:
    gain = np.zeros((5, 20))
    gain[:, 0] = 1
    found = ranking_metrics(ranking(np.zeros((5, 20)), gain), "skip")
    assert (found["r@1"], found["r@10"]) == (pytest.approx(1 / 20), pytest.approx(10 / 20))
    assert found["auc"] == 0.5


def test_queries_without_a_relevant_candidate_are_counted() -> None:
    shown = [[True, True], [True, True], [True, False]]
    of_three = ranking([[1, 0], [1, 0], [1, 0]], [[1, 0], [0, 0], [0, 1]], shown)
    skipped, zero = (ranking_metrics(of_three, way) for way in ("skip", "zero"))
    assert skipped["queries"] == 3
    assert skipped["queries_without_relevant"] == 2
    assert (skipped["r@1"], skipped["ndcg@5"]) == (1, 1)
    assert zero["r@1"] == pytest.approx(1 / 3)
    assert zero["ndcg@5"] == pytest.approx(1 / 3)


def test_no_query_with_a_relevant_candidate() -> None:
    found = ranking_metrics(ranking([[1, 0]], [[0, 0]]), "skip")
    assert (found["r@10"], found["auc"], found["queries_without_relevant"]) == (0, 0, 1)


def test_what_is_no_candidate_has_no_influence() -> None:
    shown = np.array([[True, True, False]])
    one = ranking([[0.5, 0.2, 0.9]], [[1, 0, 0]], shown)
    other = ranking([[0.5, 0.2, 0.0]], [[1, 0, 1]], shown)
    assert ranking_metrics(one, "skip") == ranking_metrics(other, "skip")


def test_roc_of_perfect_and_of_no_knowledge() -> None:
    gain = np.array([[1.0, 0, 0, 0]] * 3)
    rates, true = roc(ranking(gain, gain), 11)
    assert true.tolist() == [1] * 11
    _, chance = roc(ranking(np.zeros_like(gain), gain), 11)
    assert chance == pytest.approx(rates)
