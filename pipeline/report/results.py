"""The template values of the results: scores, confusion and calibration."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.metrics.calibration import Reliability, reliability

_BINS = 10
_POINTING = "pointing_"
# What each model in metrics.json is called in the table, by its prefix there.
_ROWS = {
    "": "AnANet, image and text",
    "alignment_": "its alignment vote alone",
    "association_": "its association vote alone",
    "image_only_": "image only (logistic regression)",
    "text_only_": "text only (logistic regression)",
    "majority_": "always the most frequent relation",
}
# What sees one side at most.
ONE_SIDED = {
    "majority_accuracy": "always the most frequent relation",
    "image_only_accuracy": "the image alone",
    "text_only_accuracy": "the text alone",
}

Metrics = Mapping[str, float]
Values = dict[str, Any]


def results(labels: Sequence[str], metrics: Metrics, predictions: pd.DataFrame) -> Values:
    """Scores, confusion and calibration on labelled pairs.

    metrics: like metrics.json. predictions: like predictions.csv.
    """
    found = reliability_of(labels, predictions)
    return {
        "labels": labels,
        "tested": len(predictions),
        "tiles": _tiles(metrics),
        "scores": _score_rows(metrics),
        "confusion": _confusion(predictions, labels),
        "f1": [(label, metrics[f"f1.{label}"]) for label in labels],
        "bins": _bins(found),
        "calibration_error": found.error,
        "pointing": {
            name.removeprefix(_POINTING): value
            for name, value in metrics.items()
            if name.startswith(_POINTING)
        },
    }


def reliability_of(labels: Sequence[str], predictions: pd.DataFrame) -> Reliability:
    """Confidence against accuracy of a table like predictions.csv, in ten bins."""
    probabilities = predictions[[f"p_{label}" for label in labels]].to_numpy()
    gold = predictions["gold"].map([*labels].index).to_numpy()
    return reliability(gold, probabilities, _BINS)


def confusion_counts(predictions: pd.DataFrame, labels: Sequence[str]) -> list[list[int]]:
    """For each annotated relation, how often each relation was predicted."""
    found = Counter(zip(predictions["gold"], predictions["predicted"], strict=True))
    return [[found[gold, predicted] for predicted in labels] for gold in labels]


def best_reference(metrics: Metrics) -> tuple[str, float] | None:
    """The best of what sees one side at most: its meaning and accuracy; None if none is known."""
    known = {name: metrics[name] for name in ONE_SIDED if name in metrics}
    if not known:
        return None
    best = max(known, key=lambda name: known[name])
    return ONE_SIDED[best], known[best]


def _tiles(metrics: Metrics) -> list[dict[str, str]]:
    shown = [("accuracy", "accuracy"), ("f1_weighted", "weighted F1"), ("f1_macro", "macro F1")]
    tiles = []
    for name, title in shown:
        note = f"95 % interval {interval}" if (interval := _interval(metrics, name)) else ""
        tiles.append({"name": title, "value": f"{_percent(metrics, name)} %", "note": note})
    if reference := best_reference(metrics):
        meaning, accuracy = reference
        note = f"accuracy of {meaning}"
        tiles.append({"name": "to beat", "value": f"{100 * accuracy:.1f} %", "note": note})
    return tiles


def _score_rows(metrics: Metrics) -> list[dict[str, str]]:
    """One row per model in metrics.json, AnANet first."""
    return [
        {
            "name": name,
            "accuracy": _percent(metrics, f"{prefix}accuracy"),
            "accuracy_interval": _interval(metrics, f"{prefix}accuracy"),
            "f1": _percent(metrics, f"{prefix}f1_weighted"),
            "f1_interval": _interval(metrics, f"{prefix}f1_weighted"),
        }
        for prefix, name in _ROWS.items()
        if f"{prefix}accuracy" in metrics
    ]


def _percent(metrics: Metrics, name: str) -> str:
    return f"{100 * metrics[name]:.1f}" if name in metrics else ""


def _interval(metrics: Metrics, name: str) -> str:
    low, high = _percent(metrics, f"{name}_low"), _percent(metrics, f"{name}_high")
    return f"{low} to {high}" if low and high else ""


def _confusion(
    predictions: pd.DataFrame, labels: Sequence[str]
) -> list[tuple[str, list[dict[str, float]]]]:
    rows = []
    for gold, counts in zip(labels, confusion_counts(predictions, labels), strict=True):
        total = max(sum(counts), 1)
        rows.append((gold, [{"count": n, "share": n / total} for n in counts]))
    return rows


def _bins(found: Reliability) -> list[dict[str, float]]:
    bins = zip(found.count, found.confidence, found.accuracy, strict=True)
    return [
        {"count": int(count), "confidence": float(confidence), "accuracy": float(accuracy)}
        for count, confidence, accuracy in bins
        if count
    ]
