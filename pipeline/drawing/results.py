"""A run's confusion matrix, calibration and training curves as figures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.figures import COLORS, canvas, finish
from pipeline.report.curves import Chart
from pipeline.report.results import confusion_counts, reliability_of

_GREY = "#888888"
_DARK = 0.6


def draw_confusion(path: Path, predictions: pd.DataFrame, labels: Sequence[str]) -> None:
    """Pairs by annotated and predicted relation: their number, and the share of the row.

    predictions: like predictions.csv.

    Raises:
        OSError: the file cannot be written.
    """
    counts = np.array(confusion_counts(predictions, labels))  # (C, C)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, axes = canvas(1.8 + 0.9 * len(labels), 1.2 + 0.7 * len(labels))
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        color = "white" if share > _DARK else "black"
        text = f"{count}\n{share:.0%}"
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("predicted relation")
    axes.set_ylabel("annotated relation")
    figure.colorbar(image, label="share of the annotated relation")
    finish(figure, path, columns=0)


def draw_calibration(path: Path, predictions: pd.DataFrame, labels: Sequence[str]) -> None:
    """How often predictions are right, over the probability that the model gave them.

    Raises:
        OSError: the file cannot be written.
    """
    bins = reliability_of(labels, predictions)
    filled = bins.count > 0
    confidence, accuracy = bins.confidence[filled], bins.accuracy[filled]
    figure, axes = canvas(4.2, 4.0, grid="both")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1)
    axes.plot(confidence, accuracy, color=COLORS[0], label=f"AnANet (ECE {bins.error:.3f})")
    axes.scatter(confidence, accuracy, 200 * bins.count[filled] / bins.count.sum(), COLORS[0])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("predicted probability (size of a dot: share of the pairs)")
    axes.set_ylabel("share of right predictions")
    finish(figure, path, columns=1)


def draw_curves(path: Path, chart: Chart) -> None:
    """A metric over the epochs on train and dev, with the epoch that was kept.

    Raises:
        OSError: the file cannot be written.
    """
    figure, axes = canvas(4.6, 3.2, grid="both")
    for color, line in zip((COLORS[1], COLORS[0]), chart.lines, strict=True):
        axes.plot(*zip(*line.points, strict=True), color=color, label=line.name)
    axes.axvline(chart.kept, color=_GREY, linestyle="--", linewidth=1, label="kept epoch")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("epoch")
    axes.set_ylabel(chart.title.lower().replace("f1", "F1"))
    finish(figure, path)
