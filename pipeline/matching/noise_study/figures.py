"""Curves of the noise study as a PNG file."""

from pathlib import Path

import pandas as pd

from pipeline.figures import canvas, finish

# Okabe and Ito's colours, which people with any colour vision can tell apart.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#E69F00")


def draw_noise_curves(path: Path, table: pd.DataFrame) -> None:
    """rSum on test over the noise rate, a line per loss, its spread over seeds as a band.

    Args:
        table: columns name, rate, rsum; a row per run.
    """
    figure, axes = canvas(6.0, 3.8)
    for color, (name, runs) in zip(_COLORS, table.groupby("name", sort=False), strict=False):
        rsum = runs.groupby("rate")["rsum"].agg(["mean", "min", "max"])
        axes.plot(100 * rsum.index, rsum["mean"], marker="o", color=color, label=name)
        axes.fill_between(100 * rsum.index, rsum["min"], rsum["max"], color=color, alpha=0.15)
    axes.set_xlabel("train captions with a wrong image, percent")
    axes.set_ylabel("rSum on test")
    axes.grid(color="#dddddd")
    finish(figure, axes, path, "Retrieval after training on wrong pairs", columns=2)
