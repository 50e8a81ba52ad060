"""The metric code against the figures that the AnANet paper prints, and by hand."""

import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from pipeline.evaluation.metrics import bootstrap_intervals
from pipeline.metrics.classification import (
    classification_metrics,
    rank_agreement,
)
from pipeline.metrics.f1 import confusion_counts, f1_scores

LABELS = ("irrelevant", "implicit", "explicit")

# Table II: train, dev, test, all.
TABLE_II = {
    "explicit": (5779, 542, 558, 6879),
    "implicit": (1070, 110, 106, 1286),
    "irrelevant": (3445, 323, 319, 4087),
}
SPLITS = (10294, 975, 983, 12252)
TEST_COUNTS = [TABLE_II[name][2] for name in LABELS]
GOLD = np.repeat([0, 1, 2], TEST_COUNTS)

# Table V, percent: weighted F1, then the class columns as the paper heads them. The heads of the
# explicit and the irrelevant column stand over each other's figures: only exchanged do the
# classes' F1 have the printed weighted F1 as their mean.
TABLE_V = {
    "AnANet": (83.84, {"explicit": 90.22, "implicit": 42.86, "irrelevant": 87.97}),
    "Association Net": (83.20, {"explicit": 90.02, "implicit": 43.65, "irrelevant": 86.82}),
    "Alignment Net": (82.32, {"explicit": 89.68, "implicit": 37.71, "irrelevant": 86.59}),
}
EXCHANGED = {"explicit": "irrelevant", "implicit": "implicit", "irrelevant": "explicit"}


def confused(counts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Gold and predicted classes with these confusion counts, [actual][predicted]."""
    cells = [(i, j) for i, row in enumerate(counts) for j, n in enumerate(row) for _ in range(n)]
    gold, predicted = np.array(cells).T
    return gold, predicted


def test_table_ii_adds_up() -> None:
    for train, dev, test, whole in TABLE_II.values():
        assert train + dev + test == whole
    assert tuple(map(sum, zip(*TABLE_II.values(), strict=True))) == SPLITS
    assert sum(SPLITS[:3]) == SPLITS[3]


def weighted_mean(f1: dict[str, float]) -> float:
    return sum(TABLE_II[name][2] * value for name, value in f1.items()) / SPLITS[2]


@pytest.mark.parametrize("model", TABLE_V)
def test_table_v_holds_once_two_columns_are_exchanged(model: str) -> None:
    printed, columns = TABLE_V[model]
    corrected = {name: columns[EXCHANGED[name]] for name in columns}
    assert weighted_mean(corrected) == pytest.approx(printed, abs=0.005)
    assert abs(weighted_mean(columns) - printed) > 0.5


def test_weighted_f1_is_the_support_weighted_mean_of_the_classes() -> None:
    predicted = np.random.default_rng(0).permutation(GOLD)
    metrics = classification_metrics(GOLD, predicted, LABELS)
    f1 = {name: metrics[f"f1.{name}"] for name in LABELS}
    assert metrics["f1_weighted"] == pytest.approx(weighted_mean(f1))
    assert metrics["f1_macro"] == pytest.approx(sum(f1.values()) / 3)


def test_majority_on_the_paper_s_test_split() -> None:
    """558 of 983 are explicit: 56.77 % accuracy, 41.11 % weighted F1."""
    metrics = classification_metrics(GOLD, np.full(983, 2), LABELS)
    assert 100 * metrics["accuracy"] == pytest.approx(56.77, abs=0.005)
    assert 100 * metrics["f1_weighted"] == pytest.approx(41.11, abs=0.005)
    assert metrics["f1.irrelevant"] == metrics["f1.implicit"] == 0


def test_uniform_guess_on_the_paper_s_test_split() -> None:
    """Guesses that are right by chance alone: 33.33 % accuracy, 36.27 % weighted F1.

    Three times the split, each pair guessed once as every class, has exactly those counts.
    """
    gold, predicted = np.repeat(GOLD, 3), np.tile([0, 1, 2], 983)
    metrics = classification_metrics(gold, predicted, LABELS)
    assert 100 * metrics["accuracy"] == pytest.approx(33.33, abs=0.005)
    assert 100 * metrics["f1_weighted"] == pytest.approx(36.27, abs=0.005)


def test_figures_by_hand() -> None:
    gold, predicted = confused([[3, 1, 0], [0, 0, 2], [1, 0, 3]])
    metrics = classification_metrics(gold, predicted, LABELS)
    assert metrics == pytest.approx(
        {
            "accuracy": 6 / 10,
            "f1_weighted": (4 * 6 / 8 + 2 * 0 + 4 * 6 / 9) / 10,
            "f1_macro": (6 / 8 + 0 + 6 / 9) / 3,
            "f1.irrelevant": 6 / 8,
            "f1.implicit": 0,
            "f1.explicit": 6 / 9,
        }
    )


def test_class_that_never_occurs_has_f1_zero_and_no_weight() -> None:
    metrics = classification_metrics(np.array([0, 2]), np.array([0, 2]), LABELS)
    assert metrics["f1.implicit"] == 0
    assert metrics["f1_weighted"] == 1
    assert metrics["f1_macro"] == pytest.approx(2 / 3)


@pytest.fixture(scope="module")
def judged() -> tuple[np.ndarray, np.ndarray]:
    return confused([[280, 9, 30], [20, 30, 56], [33, 15, 510]])


def test_intervals_are_those_of_resampled_pairs(judged: tuple[np.ndarray, np.ndarray]) -> None:
    gold, predicted = judged
    rng = np.random.default_rng(1)
    draws = [rng.integers(0, len(gold), len(gold)) for _ in range(600)]
    accuracy = [float((gold[draw] == predicted[draw]).mean()) for draw in draws]
    f1 = [f1_score(gold[draw], predicted[draw], average="weighted") for draw in draws]
    found = bootstrap_intervals(gold, predicted, 3, resamples=10_000, seed=0)
    for name, values in (("accuracy", accuracy), ("f1_weighted", f1)):
        low, high = np.percentile(values, (2.5, 97.5))
        assert found[f"{name}_low"] == pytest.approx(low, abs=0.006)
        assert found[f"{name}_high"] == pytest.approx(high, abs=0.006)


def test_intervals_enclose_the_figure_and_repeat(judged: tuple[np.ndarray, np.ndarray]) -> None:
    gold, predicted = judged
    found = bootstrap_intervals(gold, predicted, 3, resamples=1000, seed=7)
    assert found["accuracy_low"] < (gold == predicted).mean() < found["accuracy_high"]
    assert (
        found["f1_weighted_low"]
        < f1_scores(gold, predicted)["f1_weighted"]
        < found["f1_weighted_high"]
    )
    assert found == bootstrap_intervals(gold, predicted, 3, resamples=1000, seed=7)
    assert found != bootstrap_intervals(gold, predicted, 3, resamples=1000, seed=8)


def test_intervals_stay_finite_on_a_single_pair_and_can_be_left_out() -> None:
    one = np.array([1])
    found = bootstrap_intervals(one, one, 3, 10, 0)
    assert {found["accuracy_low"], found["f1_weighted_high"]} == {1.0}
    # Classes that do not occur have F1 0.
    assert found["f1_macro_low"] == found["f1_macro_high"] == pytest.approx(1 / 3)
    assert set(bootstrap_intervals(one, one - 1, 3, 10, 0).values()) == {0.0}
    assert bootstrap_intervals(one, one, 3, 0, 0) == {}


def test_rank_agreement_is_kendall_s_tau_c_of_the_expected_class() -> None:
    gold = np.array([0, 0, 1, 2, 2])
    probabilities = np.array(
        [[0.9, 0.1, 0.0], [0.2, 0.2, 0.6], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7], [0.0, 0.9, 0.1]],
        dtype=np.float32,
    )
    expected = probabilities @ np.arange(3)  # 0.1, 1.4, 1.0, 1.6, 1.1
    pairs = [(i, j) for i in range(5) for j in range(i)]
    signs = [np.sign((gold[i] - gold[j]) * (expected[i] - expected[j])) for i, j in pairs]
    classes, count = 3, 5
    tau_c = 2 * sum(signs) / (count**2 * (classes - 1) / classes)
    assert rank_agreement(gold, probabilities) == pytest.approx(tau_c)
    assert rank_agreement(gold, np.full((5, 3), 1 / 3, np.float32)) == 0


@pytest.mark.parametrize("steps", [2, 7, 10**6])
def test_rank_agreement_is_scipy_s_with_ties_and_without(steps: int) -> None:
    rng = np.random.default_rng(steps)
    gold = rng.choice([0, 2, 3], 200)
    logits = rng.integers(0, steps, (200, 4)) / steps + np.eye(4)[gold]
    probabilities = (logits / logits.sum(1, keepdims=True)).astype(np.float32)
    expected = kendalltau(gold, probabilities @ np.arange(4), variant="c").statistic
    assert rank_agreement(gold, probabilities) == pytest.approx(expected)


def test_figures_are_scikit_learn_s() -> None:
    rng = np.random.default_rng(3)
    gold, predicted = rng.integers(0, 4, (2, 300))
    metrics = classification_metrics(gold, predicted, "abcd")
    assert metrics["accuracy"] == pytest.approx(accuracy_score(gold, predicted))
    for average in ("weighted", "macro"):
        expected = f1_score(gold, predicted, average=average)
        assert metrics[f"f1_{average}"] == pytest.approx(expected)
    found = [metrics[f"f1.{name}"] for name in "abcd"]
    assert found == pytest.approx(f1_score(gold, predicted, average=None))
    assert f1_scores(gold, predicted)["f1_macro"] == pytest.approx(metrics["f1_macro"])
    counts = confusion_counts(gold, predicted, 5)
    assert counts.tolist() == confusion_matrix(gold, predicted, labels=range(5)).tolist()
