"""The files that `evaluate` writes, as their readers find them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.predictions import Predictions
from pipeline.evaluation.reports import write_confusion, write_f1_per_class, write_predictions
from pipeline.metrics.writing import write_metrics

LABELS = ["no", "a, b"]
FOUND = Predictions(
    ids=["007", 'odd "id"'],
    gold=np.array([0, 1]),
    probabilities=np.array([[0.25, 0.75], [1 / 3, 2 / 3]], np.float32),
    streams={"association": np.array([0, 0]), "alignment": np.array([1, 0])},
    losses={},
)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_predictions(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "predictions.csv"
    write_predictions(path, FOUND, LABELS)
    assert rows(path) == [
        {
            "id": "007",
            "gold": "no",
            "predicted": "a, b",
            "p_no": "0.250000",
            "p_a, b": "0.750000",
            "association": "no",
            "alignment": "a, b",
        },
        {
            "id": 'odd "id"',
            "gold": "a, b",
            "predicted": "a, b",
            "p_no": "0.333333",
            "p_a, b": "0.666667",
            "association": "no",
            "alignment": "no",
        },
    ]


def test_confusion_has_every_class_in_the_labels_order(tmp_path: Path) -> None:
    path = tmp_path / "confusion.csv"
    write_confusion(path, FOUND, LABELS)
    assert rows(path) == [
        {"actual": "no", "predicted": "no", "pairs": "0"},
        {"actual": "no", "predicted": "a, b", "pairs": "1"},
        {"actual": "a, b", "predicted": "no", "pairs": "0"},
        {"actual": "a, b", "predicted": "a, b", "pairs": "1"},
    ]


def test_f1_per_class(tmp_path: Path) -> None:
    path = tmp_path / "f1.csv"
    write_f1_per_class(path, {"f1.a, b": 2 / 3, "f1.no": 0.0, "accuracy": 0.5}, LABELS)
    assert rows(path) == [{"label": "no", "f1": "0.000000"}, {"label": "a, b", "f1": "0.666667"}]


def test_metrics_are_flat_numbers_of_six_digits(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_metrics(path, {"accuracy": 1 / 3, "f1.no": 1.0})
    assert json.loads(path.read_text()) == {"accuracy": 0.333333, "f1.no": 1.0}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_metric_that_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "metrics.json"
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_metrics(path, {"accuracy": value})
    assert not path.exists()
