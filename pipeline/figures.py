"""What all figures share: a plain canvas, colours, and files that hold nothing but the figure."""

from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from pipeline.files import whole_file

# Okabe and Ito's, which people with any colour vision can tell apart.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_GRID = "#dddddd"

_DPI = 150
# Without the writer's version and the time, the same figure gives the same bytes after an upgrade.
_NOTHING: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
# Names in an SVG file that are not random, and letters in a PDF file that can be edited.
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "figure",
    "pdf.fonttype": 42,
    "text.parse_math": False,
}


def canvas(
    width: float, height: float, grid: Literal["x", "y", "both"] | None = None
) -> tuple[Figure, Any]:
    """A figure of this size in inches with one pair of axes, open at the top and the right.

    grid: the axes with lines behind the data, x, y or both.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=_GRID)
    return figure, axes


def finish(figure: Figure, path: Path, columns: int = 3) -> None:
    """Save a figure with a legend of so many columns, none at 0; see `save_figure`."""
    if columns:
        figure.legend(loc="outside lower center", ncols=columns, frameon=False)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure for papers as path.svg and path.pdf, or as PNG where the path ends in .png.

    A paper has the title in its caption, so there is none in the figure. Equal figures give equal
    bytes.
    """
    places = [path] if path.suffix == ".png" else [path.with_suffix(s) for s in (".svg", ".pdf")]
    # A dollar in a name is no formula, whether its text is there already or drawn with the axes.
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    with mpl.rc_context(_STYLE):
        for place in places:
            kind = place.suffix.removeprefix(".")
            with whole_file(place) as temporary:
                figure.savefig(temporary, format=kind, dpi=_DPI, metadata=_NOTHING[place.suffix])
