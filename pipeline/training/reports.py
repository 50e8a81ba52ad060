"""What `evaluate` leaves behind, as DVC and spreadsheets read it. No text of any pair is in it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.training.evaluation import Predictions

_DIGITS = 6


def write_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """One flat JSON object of finite numbers."""
    rounded = {name: round(value, _DIGITS) for name, value in metrics.items()}
    _make_folder(path)
    path.write_text(json.dumps(rounded, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_predictions(path: Path, predictions: Predictions, labels: Sequence[str]) -> None:
    """CSV: id, gold, predicted, a probability per class, and the choice of each stream."""
    names = dict(enumerate(labels))
    table = {
        "id": predictions.ids,
        "gold": [names[i] for i in predictions.gold],
        "predicted": [names[i] for i in predictions.predicted],
        **{f"p_{name}": predictions.probabilities[:, i] for i, name in names.items()},
        **{stream: [names[i] for i in votes] for stream, votes in predictions.streams.items()},
    }
    _write_table(path, pd.DataFrame(table))


def write_confusion(path: Path, predictions: Predictions, labels: Sequence[str]) -> None:
    """CSV: actual and predicted class of every pair, which DVC's confusion template counts."""
    actual = [labels[i] for i in predictions.gold]
    predicted = [labels[i] for i in predictions.predicted]
    _write_table(path, pd.DataFrame({"actual": actual, "predicted": predicted}))


def write_f1_per_class(path: Path, metrics: Mapping[str, float], labels: Sequence[str]) -> None:
    """CSV: label, f1."""
    f1 = [metrics[f"f1.{name}"] for name in labels]
    _write_table(path, pd.DataFrame({"label": labels, "f1": f1}))


def _write_table(path: Path, table: pd.DataFrame) -> None:
    _make_folder(path)
    table.to_csv(path, index=False, float_format=f"%.{_DIGITS}f", lineterminator="\n")


def _make_folder(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
