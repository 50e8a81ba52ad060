"""Warnings stand on the page exactly when something is amiss."""

from typing import Any

import pandas as pd

from pipeline.report.warnings import grave_warnings, result_warnings

LABELS = ["no", "yes"]

METRICS = {"accuracy": 0.7, "accuracy_low": 0.6, "majority_accuracy": 0.5}
COVERAGE = {"tokens": 100, "tokens_known": 97, "without": [["zzz", 3]]}


def corpus(**changes: Any) -> dict[str, Any]:
    none = {"train_dev": 0, "train_test": 0, "dev_test": 0}
    report: dict[str, Any] = {
        "images": {
            "files": 10,
            "missing": 0,
            "unreadable": 0,
            "first_reasons": [],
            "in_two_splits": dict(none),
        },
        "texts": {"empty": 0, "cut_at_max_words": 0, "in_two_splits": dict(none)},
    }
    for key, value in changes.items():
        section, _, name = key.partition("__")
        report[section][name] = value
    return report


def test_nothing_to_say_when_all_is_well() -> None:
    assert result_warnings(corpus(), COVERAGE, METRICS) == []


def test_result_that_is_no_better_than_the_commonest_class() -> None:
    (found,) = result_warnings(corpus(), COVERAGE, METRICS | {"accuracy_low": 0.45})
    assert "most frequent relation (50.0%)" in found


def predictions(predicted: list[str], pairs: int = 30) -> pd.DataFrame:
    """So many pairs of each relation, of which all are predicted as this list says."""
    gold = [label for label in LABELS for _ in range(pairs)]
    return pd.DataFrame({"gold": gold, "predicted": (predicted * len(gold))[: len(gold)]})


def test_nothing_grave_when_all_is_well() -> None:
    metrics = METRICS | {"text_only_accuracy": 0.7, "f1.no": 0.5, "f1.yes": 0.8}
    assert grave_warnings(LABELS, predictions(["no", "yes"]), metrics) == []


def test_the_gravest_come_first_with_their_cures() -> None:
    metrics = METRICS | {"text_only_accuracy": 0.8, "f1.no": 0.0, "f1.yes": 0.8}
    never, one_side, few_no, few_yes = grave_warnings(LABELS, predictions(["yes"], 29), metrics)
    assert never.startswith("“no” is never predicted.")
    assert "dvc exp run -S loss.classification=class_weighted" in never
    assert one_side.startswith("The text alone does better than image and text together: 80.0%")
    assert "preset pretrained" in one_side
    assert few_no.startswith("Only 29 pairs of “no”")
    assert few_yes.startswith("Only 29 pairs of “yes”")


def test_a_class_that_is_predicted_but_never_right() -> None:
    metrics = METRICS | {"f1.no": 0.0, "f1.yes": 0.8}
    (found,) = grave_warnings(LABELS, predictions(["yes", "no"]), metrics)
    assert found.startswith("“no” is predicted, but never rightly.")


def test_one_side_that_is_better_is_said_once() -> None:
    metrics = METRICS | {"text_only_accuracy": 0.8}
    assert result_warnings(corpus(), COVERAGE, metrics) == []


def test_attention_that_points_no_better_than_chance() -> None:
    pointing = {"pointing_accuracy": 0.31, "pointing_chance": 0.34}
    (found,) = result_warnings(corpus(), COVERAGE, METRICS | pointing)
    assert "no more often than a random region" in found


def test_bad_images_with_reasons() -> None:
    report = corpus(images__missing=1, images__first_reasons=["'a.png' is missing: no such file"])
    (found,) = result_warnings(report, COVERAGE, METRICS)
    assert found.startswith("1 image of 10 missing or unreadable")
    assert "'a.png' is missing" in found


def test_duplicates_across_splits() -> None:
    shared = {"train_dev": 0, "train_test": 2, "dev_test": 0}
    (found,) = result_warnings(corpus(texts__in_two_splits=shared), COVERAGE, METRICS)
    assert found.startswith("2 texts in both train and test")


def test_words_without_a_vector() -> None:
    (found,) = result_warnings(corpus(), COVERAGE | {"tokens_known": 60}, METRICS)
    assert (
        "Only 60.0% of all words have a GloVe vector; the most frequent without one: zzz" in found
    )


def test_empty_and_cut_texts() -> None:
    report = corpus(texts__empty=1, texts__cut_at_max_words=2)
    empty, cut = result_warnings(report, None, METRICS)
    assert empty == "1 text without any word."
    assert cut.startswith("2 texts cut")
