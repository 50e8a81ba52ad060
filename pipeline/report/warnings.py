"""Warnings about the corpus and the result."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.report.results import ONE_SIDED, best_reference

_FEW_PAIRS = 30
_LOW_COVERAGE = 0.8
_CURE = (
    "If it is rare, train with: dvc exp run -S loss.classification=class_weighted"
    " -S train.select_by=f1_macro"
)


def grave_warnings(
    labels: Sequence[str], predictions: pd.DataFrame, metrics: Mapping[str, float]
) -> list[str]:
    """What makes a result worth little, each with a cure if there is one; the gravest first.

    predictions: like predictions.csv. metrics: like metrics.json.
    """
    return [
        *_about_missed_classes(labels, predictions, metrics),
        *_about_one_side(metrics),
        *_about_few_pairs(labels, predictions),
    ]


def result_warnings(
    corpus: Mapping[str, Any], coverage: Mapping[str, Any] | None, metrics: Mapping[str, float]
) -> list[str]:
    """One sentence per lesser warning, the most serious first; empty if there is none.

    corpus: content of corpus.json. coverage: of the word vectors, if they are used. metrics:
    content of metrics.json.
    """
    return [
        *_about_result(metrics),
        *_about_splits(corpus),
        *_about_images(corpus["images"]),
        *_about_texts(corpus["texts"]),
        *_about_coverage(coverage),
    ]


def _about_missed_classes(
    labels: Sequence[str], predictions: pd.DataFrame, metrics: Mapping[str, float]
) -> Iterator[str]:
    found = set(predictions["predicted"])
    for label in labels:
        if label not in found:
            yield f"“{label}” is never predicted. {_CURE}"
        elif metrics[f"f1.{label}"] == 0:
            yield f"“{label}” is predicted, but never rightly. {_CURE}"


def _about_one_side(metrics: Mapping[str, float]) -> Iterator[str]:
    reference = best_reference(metrics)
    if reference and reference[1] > metrics["accuracy"]:
        meaning, accuracy = reference
        yield (
            f"{meaning.capitalize()} does better than image and text together: {accuracy:.1%}"
            f" against {metrics['accuracy']:.1%} of the pairs are right, so nothing is gained from"
            " their relation. With few pairs, begin from pretrained encoders:"
            " dvc exp run $(python -m pipeline preset pretrained)"
        )


def _about_few_pairs(labels: Sequence[str], predictions: pd.DataFrame) -> Iterator[str]:
    counts = Counter(predictions["gold"])
    for label in labels:
        if counts[label] < _FEW_PAIRS:
            yield (
                f"Only {_number(counts[label], 'pair')} of “{label}” to measure on, fewer than"
                f" {_FEW_PAIRS}: chance decides its figures."
            )


def _about_result(metrics: Mapping[str, float]) -> Iterator[str]:
    accuracy = metrics["accuracy"]
    for name, meaning in ONE_SIDED.items():
        if metrics.get("accuracy_low", accuracy) <= metrics.get(name, 0) <= accuracy:
            yield (
                "The 95 % interval of the accuracy does not exclude that of"
                f" {meaning} ({metrics[name]:.1%})."
            )
    if metrics.get("pointing_accuracy", 1) <= metrics.get("pointing_chance", 0):
        yield "Words attend to the objects they name no more often than a random region would."


def _about_splits(corpus: Mapping[str, Any]) -> Iterator[str]:
    for what in ("images", "texts"):
        for splits, count in corpus[what]["in_two_splits"].items():
            if count:
                one, other = splits.split("_")
                yield (
                    f"{_number(count, what[:-1])} in both {one} and {other}:"
                    " scores may be better than on new posts."
                )


def _about_images(images: Mapping[str, Any]) -> Iterator[str]:
    bad = images["missing"] + images["unreadable"]
    if bad:
        reasons = "; ".join(images["first_reasons"])
        yield (
            f"{_number(bad, 'image')} of {images['files']:,} missing or unreadable; their pairs"
            f" are treated as having no regions. {reasons}"
        )


def _about_texts(texts: Mapping[str, Any]) -> Iterator[str]:
    if texts["empty"]:
        yield f"{_number(texts['empty'], 'text')} without any word."
    if texts["cut_at_max_words"]:
        yield f"{_number(texts['cut_at_max_words'], 'text')} cut at prepare.max_words."


def _about_coverage(coverage: Mapping[str, Any] | None) -> Iterator[str]:
    if coverage and coverage["tokens_known"] < _LOW_COVERAGE * coverage["tokens"]:
        words = ", ".join(word for word, _ in coverage["without"][:5])
        yield (
            f"Only {coverage['tokens_known'] / coverage['tokens']:.1%} of all words have a GloVe"
            f" vector; the most frequent without one: {words}."
        )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
