"""A study's figures as PNG files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.training.calibration import Reliability

# Okabe and Ito's colours, which people with any colour vision can tell apart.
_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_NAMES = {"accuracy": "accuracy", "f1_weighted": "weighted F1"}


def draw_scores(path: Path, table: pd.DataFrame, title: str) -> None:
    """Two bars per method, accuracy and weighted F1, with their 95 % intervals."""
    figure, axes = _canvas(7.0, 1.1 + 0.42 * len(table))
    places = np.arange(len(table))
    for i, metric in enumerate(_NAMES):
        y = places + 0.38 * (i - 0.5)
        mean = table[metric]
        reach = [mean - table[f"{metric}_low"], table[f"{metric}_high"] - mean]
        axes.barh(y, mean, height=0.36, color=_COLORS[i], label=_NAMES[metric])
        axes.errorbar(
            mean, y, xerr=np.abs(reach), fmt="none", ecolor="black", elinewidth=1, capsize=2
        )
    axes.set_yticks(places, table["method"])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("percent, with 95 % interval")
    axes.grid(axis="x", color="#dddddd")
    _finish(figure, axes, path, title)


def draw_classes(path: Path, table: pd.DataFrame, title: str) -> None:
    """F1 of each class, a group of bars per class, with the standard deviation over runs."""
    figure, axes = _canvas(7.0, 3.6)
    labels, methods = list(dict.fromkeys(table["label"])), list(dict.fromkeys(table["method"]))
    width = 0.8 / len(methods)
    for i, method in enumerate(methods):
        own = table[table["method"] == method]
        x = np.arange(len(labels)) + width * (i - (len(methods) - 1) / 2)
        axes.bar(
            x, own["f1"], width * 0.94, yerr=own["f1_sd"], color=_COLORS[i], label=method, capsize=2
        )
    axes.set_xticks(np.arange(len(labels)), labels)
    axes.set_ylim(0, 100)
    axes.set_ylabel("F1, percent")
    axes.grid(axis="y", color="#dddddd")
    _finish(figure, axes, path, title)


def draw_grid(path: Path, table: pd.DataFrame, best: tuple[float, float], title: str) -> None:
    """A heat map of accuracy over lambda and eta; `best`, the paper's optimum, is outlined."""
    grid = table.pivot(index="eta", columns="lambda", values="accuracy").sort_index(ascending=False)
    figure, axes = _canvas(
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
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="#D55E00", linewidth=2))
    axes.set_xticks(range(grid.shape[1]), [f"{value:g}" for value in columns])
    axes.set_yticks(range(grid.shape[0]), [f"{value:g}" for value in rows])
    axes.set_xlabel("lambda, weight of the association net")
    axes.set_ylabel("eta, weight of the alignment net")
    figure.colorbar(image, label="accuracy, percent")
    _finish(figure, axes, path, title, columns=0)


def draw_lines(path: Path, table: pd.DataFrame, x: str, label: str, title: str) -> None:
    """Accuracy over column `x`, a line per method in the band of its 95 % interval."""
    figure, axes = _canvas(6.0, 3.8)
    for color, (method, own) in zip(_COLORS, table.groupby("method", sort=False), strict=False):
        axes.plot(100 * own[x], own["accuracy"], marker="o", color=color, label=method)
        axes.fill_between(
            100 * own[x], own["accuracy_low"], own["accuracy_high"], color=color, alpha=0.15
        )
    axes.set_xlabel(label)
    axes.set_ylabel("accuracy, percent")
    axes.grid(color="#dddddd")
    _finish(figure, axes, path, title, columns=1)


def draw_reliability(path: Path, found: Mapping[str, Reliability], title: str) -> None:
    """Accuracy over confidence, a line per method; on the diagonal, confidence can be believed."""
    figure, axes = _canvas(6.0, 5.2)
    axes.plot([0, 1], [0, 1], color="#888888", linestyle="--", linewidth=1)
    for color, (method, bins) in zip(_COLORS, found.items(), strict=False):
        filled = bins.count > 0
        label = f"{method} (ECE {100 * bins.error:.1f} %)"
        size = 200 * bins.count[filled] / bins.count.sum()
        axes.plot(bins.confidence[filled], bins.accuracy[filled], color=color, label=label)
        axes.scatter(bins.confidence[filled], bins.accuracy[filled], s=size, color=color)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("confidence (size of a dot: share of the test pairs)")
    axes.set_ylabel("accuracy")
    _finish(figure, axes, path, title, columns=1)


def _canvas(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure, axes


def _finish(figure: Figure, axes: Any, path: Path, title: str, columns: int = 3) -> None:
    """Save a figure with a legend of so many columns; none at 0."""
    axes.set_title(title, loc="left")
    if columns:
        figure.legend(loc="outside lower center", ncols=columns, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the writer's version, the same figures give the same bytes after an upgrade.
    figure.savefig(path, dpi=150, metadata={"Software": None})
