"""Predictions, confusion and F1 per class as CSV; they contain no text of any pair."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.dataset.predictions import Predictions
from pipeline.files import whole_file
from pipeline.metrics.f1 import confusion_counts

_DIGITS = 6


def write_predictions(path: Path, predictions: Predictions, labels: Sequence[str]) -> None:
    """CSV: id, gold, predicted, a probability per class, and each stream's prediction."""
    _write_table(path, prediction_table(predictions, labels))


def prediction_table(predictions: Predictions, labels: Sequence[str]) -> pd.DataFrame:
    """A row per pair: id, gold, predicted, p_<class> for each, and each stream's prediction."""
    names = dict(enumerate(labels))
    table = {
        "id": predictions.ids,
        "gold": [names[i] for i in predictions.gold],
        "predicted": [names[i] for i in predictions.predicted],
        **{f"p_{name}": predictions.probabilities[:, i] for i, name in names.items()},
        **{stream: [names[i] for i in votes] for stream, votes in predictions.streams.items()},
    }
    return pd.DataFrame(table)


def write_confusion(path: Path, predictions: Predictions, labels: Sequence[str]) -> None:
    """CSV: actual, predicted, pairs. Every class with every other, in the labels' order.

    DVC's own template for confusion drops classes that are never predicted, and sorts the rest.
    """
    counts = confusion_counts(predictions.gold, predictions.predicted, len(labels))  # (C, C)
    rows = [(labels[i], labels[j], count) for (i, j), count in np.ndenumerate(counts)]
    _write_table(path, pd.DataFrame(rows, columns=["actual", "predicted", "pairs"]))


def write_f1_per_class(path: Path, metrics: Mapping[str, float], labels: Sequence[str]) -> None:
    """CSV: label, f1."""
    f1 = [metrics[f"f1.{name}"] for name in labels]
    _write_table(path, pd.DataFrame({"label": labels, "f1": f1}))


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format=f"%.{_DIGITS}f", lineterminator="\n")
