"""Training curves as the page's charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

Points = list[tuple[int, float]]

_LOSS = "loss"
_TITLES = {_LOSS: "Loss", "f1_weighted": "Weighted F1", "f1_macro": "Macro F1"}
_SPLITS = {"train": "one", "dev": "two"}
_TICKS = 5
# Labels at the line ends must not overlap; heights in the chart's units.
_TOP, _BOTTOM, _APART = 16.0, 196.0, 14.0


@dataclass(frozen=True)
class Line:
    """One curve. style: its CSS class. name_y: height of its label."""

    name: str
    style: str
    points: Points
    name_y: float


@dataclass(frozen=True)
class Chart:
    """Curves of one metric over the epochs. kept: the epoch whose weights the model has."""

    figure: str
    title: str
    lines: list[Line]
    low: float
    high: float
    last_step: int
    ticks: list[float]
    kept: int


def read_charts(folder: Path, selected_by: str) -> list[Chart]:
    """Loss and the metric that selects the epoch, on train and dev.

    folder: with the files that `train` wrote. selected_by: f1_weighted or f1_macro.
    """
    kept, _ = max(_read(folder, "dev", selected_by), key=lambda point: point[1])
    return [_chart(folder, figure, kept) for figure in (_LOSS, selected_by)]


def _chart(folder: Path, figure: str, kept: int) -> Chart:
    curves = {split: _read(folder, split, figure) for split in _SPLITS}
    values = [value for points in curves.values() for _, value in points]
    # All figures start at zero: the losses are sums of norms and cross-entropies.
    low, high = 0.0, max(values)
    span = (high - low) or 1.0
    heights = _apart(
        [_BOTTOM - (p[-1][1] - low) / span * (_BOTTOM - _TOP) for p in curves.values()]
    )
    lines = [
        Line(split, _SPLITS[split], points, height + 4)
        for (split, points), height in zip(curves.items(), heights, strict=True)
    ]
    step = _round_step(span / _TICKS)
    ticks = [low + step * i for i in range(int(span / step) + 1)]
    last = max(points[-1][0] for points in curves.values())
    return Chart(figure, _TITLES[figure], lines, low, high, last, ticks, kept)


def _round_step(width: float) -> float:
    """The least of 1, 2, 5, 10, ... (or 0.1, 0.2, ...) that is at least `width`."""
    power: float = 10.0 ** np.floor(np.log10(width))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= width)


def _read(folder: Path, split: str, figure: str) -> Points:
    path = folder / "plots" / "metrics" / split / f"{figure}.tsv"
    table = pd.read_csv(path, sep="\t")
    return list(zip(table["step"].astype(int), table[figure].astype(float), strict=True))


def _apart(heights: Sequence[float]) -> list[float]:
    one, other = heights
    if abs(one - other) >= _APART:
        return [one, other]
    middle, shift = (one + other) / 2, _APART / 2
    return [middle - shift, middle + shift] if one < other else [middle + shift, middle - shift]
