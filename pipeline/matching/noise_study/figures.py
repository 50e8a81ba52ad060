"""Curves of the noise study as a PNG file."""

from pathlib import Path

import pandas as pd

from pipeline.figures import COLORS, canvas, finish


def draw_noise_curves(path: Path, table: pd.DataFrame) -> None:
    """rSum on test over the noise rate, a line per loss, its spread over seeds as a band.

    Args:
        table: columns name, rate, rsum; a row per run.
    """
    figure, axes = canvas(6.0, 3.8, grid="both")
    for color, (name, runs) in zip(COLORS, table.groupby("name", sort=False), strict=False):
        rsum = runs.groupby("rate")["rsum"].agg(["mean", "min", "max"])
        axes.plot(100 * rsum.index, rsum["mean"], marker="o", color=color, label=name)
        axes.fill_between(100 * rsum.index, rsum["min"], rsum["max"], color=color, alpha=0.15)
    axes.set_xlabel("train captions with a wrong image, percent")
    axes.set_ylabel("rSum on test")
    finish(figure, path, columns=2)
