"""Matching's figures as PNG files."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.matching.evaluation import Correspondence, Wrong

# Okabe and Ito's colours, which people with any colour vision can tell apart.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#E69F00")
_BINS = 20


def draw_correspondence(path: Path, correspondence: Correspondence, wrong: Wrong) -> None:
    """How many right and how many wrong train pairs are believed how much."""
    figure, axes = _canvas()
    edges = np.linspace(0, 1, _BINS + 1)
    for color, name, chosen in zip(_COLORS, ("right", "wrong"), (~wrong, wrong), strict=False):
        label = f"{name} pairs ({chosen.sum():,})"
        axes.hist(correspondence[chosen], edges, alpha=0.6, color=color, label=label)
    axes.set_xlabel("corrected label, from 0 (not believed) to 1")
    axes.set_ylabel("train pairs")
    _finish(figure, axes, path, "What is believed of the train pairs")


def draw_noise_curves(path: Path, table: pd.DataFrame) -> None:
    """rSum on test over the noise rate, a line per loss, its spread over seeds as a band.

    Args:
        table: columns name, rate, rsum; a row per run.
    """
    figure, axes = _canvas()
    for color, (name, own) in zip(_COLORS, table.groupby("name", sort=False), strict=False):
        found = own.groupby("rate")["rsum"].agg(["mean", "min", "max"])
        axes.plot(100 * found.index, found["mean"], marker="o", color=color, label=name)
        axes.fill_between(100 * found.index, found["min"], found["max"], color=color, alpha=0.15)
    axes.set_xlabel("train captions with a wrong picture, percent")
    axes.set_ylabel("rSum on test")
    axes.grid(color="#dddddd")
    _finish(figure, axes, path, "Retrieval after training on wrong pairs")


def _canvas() -> tuple[Figure, Any]:
    figure = Figure(figsize=(6.0, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure, axes


def _finish(figure: Figure, axes: Any, path: Path, title: str) -> None:
    axes.set_title(title, loc="left")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the writer's version, the same figures give the same bytes after an upgrade.
    figure.savefig(path, dpi=150, metadata={"Software": None})
