"""Histogram of the correspondence of train pairs, as a PNG file."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.figures import COLORS, canvas, finish

_COLORS = COLORS[0], COLORS[5]
_BINS = 20


def draw_correspondence(
    path: Path, correspondence: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]
) -> None:
    """Right and wrong train pairs by their correspondence."""
    figure, axes = canvas(6.0, 3.8)
    edges = np.linspace(0, 1, _BINS + 1)
    for color, name, chosen in zip(_COLORS, ("right", "wrong"), (~wrong, wrong), strict=True):
        label = f"{name} pairs ({chosen.sum():,})"
        axes.hist(correspondence[chosen], edges, alpha=0.6, color=color, label=label)
    axes.set_xlabel("corrected label, from 0 (not believed) to 1")
    axes.set_ylabel("train pairs")
    finish(figure, path, columns=2)
