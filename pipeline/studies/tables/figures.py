"""Figures of the studies, as vectors for papers and the page."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from pipeline.figures import COLORS, canvas, finish
from pipeline.metrics.calibration import Reliability
from pipeline.studies.tables.published import SCORES
from pipeline.studies.tables.statistics import METRICS


def draw_scores(path: Path, table: pd.DataFrame) -> None:
    """Two bars per method, accuracy and weighted F1, with their 95 % intervals."""
    figure, axes = canvas(7.0, 1.1 + 0.42 * len(table), grid="x")
    places = np.arange(len(table))
    for i, metric in enumerate(SCORES):
        y = places + 0.38 * (i - 0.5)
        mean = table[metric]
        reach = [mean - table[f"{metric}_low"], table[f"{metric}_high"] - mean]
        axes.barh(y, mean, height=0.36, color=COLORS[i], label=METRICS[metric])
        axes.errorbar(
            mean, y, xerr=np.abs(reach), fmt="none", ecolor="black", elinewidth=1, capsize=2
        )
    axes.set_yticks(places, table["method"])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("percent, with 95 % interval")
    finish(figure, path)


def draw_classes(path: Path, table: pd.DataFrame) -> None:
    """F1 of each class, a group of bars per class, with the standard deviation over runs."""
    figure, axes = canvas(7.0, 3.6, grid="y")
    labels, methods = list(dict.fromkeys(table["label"])), list(dict.fromkeys(table["method"]))
    width = 0.8 / len(methods)
    for i, method in enumerate(methods):
        lines = table[table["method"] == method]
        x = np.arange(len(labels)) + width * (i - (len(methods) - 1) / 2)
        axes.bar(
            x,
            lines["f1"],
            width * 0.94,
            yerr=lines["f1_sd"],
            color=COLORS[i],
            label=method,
            capsize=2,
        )
    axes.set_xticks(np.arange(len(labels)), labels)
    axes.set_ylim(0, 100)
    axes.set_ylabel("F1, percent")
    finish(figure, path)


def draw_grid(path: Path, table: pd.DataFrame, best: tuple[float, float]) -> None:
    """A heat map of accuracy over lambda and eta; `best`, the paper's optimum, is outlined."""
    grid = table.pivot(index="eta", columns="lambda", values="accuracy").sort_index(ascending=False)
    figure, axes = canvas(
        max(5.0, 1.8 + 0.75 * grid.shape[1]), max(3.6, 1.6 + 0.55 * grid.shape[0])
    )
    image = axes.imshow(grid, cmap="viridis", aspect="auto")
    middle = (np.nanmin(grid.to_numpy()) + np.nanmax(grid.to_numpy())) / 2
    for (row, column), value in np.ndenumerate(grid.to_numpy()):
        color = "white" if value < middle else "black"
        axes.text(column, row, f"{value:.1f}", ha="center", va="center", color=color)
    columns, rows = [*map(float, grid.columns)], [*map(float, grid.index)]
    if best[0] in columns and best[1] in rows:
        corner = (columns.index(best[0]) - 0.5, rows.index(best[1]) - 0.5)
        name, color = "the paper's optimum", COLORS[5]
        outline = Rectangle(corner, 1, 1, fill=False, edgecolor=color, linewidth=2, label=name)
        axes.add_patch(outline)
    axes.set_xticks(range(grid.shape[1]), [f"{value:g}" for value in columns])
    axes.set_yticks(range(grid.shape[0]), [f"{value:g}" for value in rows])
    axes.set_xlabel("lambda, weight of the association net")
    axes.set_ylabel("eta, weight of the alignment net")
    figure.colorbar(image, label="accuracy, percent")
    finish(figure, path, columns=len(axes.patches))


def draw_lines(path: Path, table: pd.DataFrame, x: str, label: str) -> None:
    """Accuracy over column `x`, a line per method in the band of its 95 % interval."""
    figure, axes = canvas(6.0, 3.8, grid="both")
    for color, (method, lines) in zip(COLORS, table.groupby("method", sort=False), strict=False):
        percent, low, high = 100 * lines[x], lines["accuracy_low"], lines["accuracy_high"]
        axes.plot(percent, lines["accuracy"], marker="o", color=color, label=method)
        axes.fill_between(percent, low, high, color=color, alpha=0.15)
    axes.set_xlabel(label)
    axes.set_ylabel("accuracy, percent")
    finish(figure, path, columns=1)


def draw_reliability(path: Path, bins_of: Mapping[str, Reliability]) -> None:
    """Accuracy over confidence, a line per method; the diagonal is perfect calibration."""
    figure, axes = canvas(6.0, 5.2)
    axes.plot([0, 1], [0, 1], color="#888888", linestyle="--", linewidth=1)
    for color, (method, bins) in zip(COLORS, bins_of.items(), strict=False):
        filled = bins.count > 0
        label = f"{method} (ECE {100 * bins.error:.1f} %)"
        size = 200 * bins.count[filled] / bins.count.sum()
        axes.plot(bins.confidence[filled], bins.accuracy[filled], color=color, label=label)
        axes.scatter(bins.confidence[filled], bins.accuracy[filled], s=size, color=color)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence (size of a dot: share of the test pairs)")
    axes.set_ylabel("accuracy")
    finish(figure, path, columns=1)
