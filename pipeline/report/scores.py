"""The figures of metrics.json as rows for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

# Prefix in metrics.json, and what it stands for.
_ROWS = {
    "": "AnANet",
    "alignment_": "its alignment vote alone",
    "association_": "its association vote alone",
    "image_only_": "picture only (logistic regression)",
    "text_only_": "text only (logistic regression)",
    "majority_": "always the commonest relation",
}


@dataclass(frozen=True)
class Score:
    """One row: percent, or empty where there is no such figure."""

    name: str
    accuracy: str
    accuracy_interval: str
    f1: str
    f1_interval: str


@dataclass(frozen=True)
class Cell:
    """Pairs of one annotated and one predicted relation, and their share of the annotated."""

    count: int
    share: float


def score_rows(metrics: Mapping[str, float]) -> list[Score]:
    """One row per judge that metrics.json knows, the model first."""
    return [
        Score(
            name,
            percent(metrics, f"{prefix}accuracy"),
            interval(metrics, f"{prefix}accuracy"),
            percent(metrics, f"{prefix}f1_weighted"),
            interval(metrics, f"{prefix}f1_weighted"),
        )
        for prefix, name in _ROWS.items()
        if f"{prefix}accuracy" in metrics
    ]


def percent(metrics: Mapping[str, float], name: str) -> str:
    return f"{100 * metrics[name]:.1f}" if name in metrics else ""


def interval(metrics: Mapping[str, float], name: str) -> str:
    """ "61.3 to 76.0", or nothing."""
    low, high = percent(metrics, f"{name}_low"), percent(metrics, f"{name}_high")
    return f"{low} to {high}" if low and high else ""


def confusion(predictions: pd.DataFrame, labels: Sequence[str]) -> list[tuple[str, list[Cell]]]:
    """For each annotated relation, how often each was predicted."""
    rows = []
    for gold in labels:
        found: Any = predictions.loc[predictions["gold"] == gold, "predicted"]
        total = max(len(found), 1)
        counts = [int((found == label).sum()) for label in labels]
        rows.append((gold, [Cell(count, count / total) for count in counts]))
    return rows
