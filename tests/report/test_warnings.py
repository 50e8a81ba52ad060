"""Warnings stand on the page exactly when something is amiss."""

from typing import Any

from pipeline.report.warnings import result_warnings

METRICS = {"accuracy": 0.7, "accuracy_low": 0.6, "majority_accuracy": 0.5}
COVERAGE = {"tokens": 100, "tokens_known": 97, "without": [["zzz", 3]]}


def corpus(**changes: Any) -> dict[str, Any]:
    none = {"train_dev": 0, "train_test": 0, "dev_test": 0}
    report: dict[str, Any] = {
        "pairs": {"test": {"no": 50, "yes": 50, "total": 100}},
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


def test_a_class_that_is_never_right_comes_first_with_a_cure() -> None:
    metrics = {**METRICS, "accuracy_low": 0.45, "f1.yes": 0.8, "f1.no": 0.0}
    first, second = result_warnings(corpus(), COVERAGE, metrics)
    assert "“no” is recognised" in first
    assert "loss.classification=class_weighted" in first
    assert "most frequent" in second


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


def test_small_classes_empty_and_cut_texts() -> None:
    report = corpus(pairs__test={"no": 3, "total": 3}, texts__empty=1, texts__cut_at_max_words=2)
    few, empty, cut = result_warnings(report, None, METRICS)
    assert few == "Only 3 test pairs of “no”: its scores are imprecise."
    assert empty == "1 text without any word."
    assert cut.startswith("2 texts cut")
