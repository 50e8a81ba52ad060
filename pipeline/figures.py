"""What all figures share: a plain canvas, and PNG files that hold nothing but the figure."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

_DPI = 150


def canvas(width: float, height: float) -> tuple[Figure, Any]:
    """A figure of this size in inches with one pair of axes, open at the top and the right."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure, axes


def finish(figure: Figure, axes: Any, path: Path, title: str, columns: int = 3) -> None:
    """Save a figure with its title and a legend of so many columns; none at 0."""
    axes.set_title(title, loc="left")
    if columns:
        figure.legend(loc="outside lower center", ncols=columns, frameon=False)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG file: equal figures give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the writer's version, the same figure gives the same bytes after an upgrade.
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
