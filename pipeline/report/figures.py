"""What the viewer shows of a pair, as a figure for a paper (its Fig. 3)."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL.Image import Image

from pipeline.features.store import RegionFeatures
from pipeline.training.judgement import Judgement, Links

_PANELS = 3
_DPI = 150
_VEIL = 0.3
_RED = "#e0232e"
_BLUE = "#2a5bd7"


def draw_attention(
    path: Path,
    title: str,
    image: Image,
    words: Sequence[str],
    regions: RegionFeatures,
    row: int,
    judgement: Judgement,
) -> None:
    """The picture with its boxes; what the most focused words look at; both sides' cosines.

    A word's regions are bright by their weight, its strongest is outlined in red. Draws nothing
    for a model without alignment net, or a picture without regions.
    """
    mask = regions.mask[row]
    if judgement.links is None or not mask.any():
        return
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    grid = figure.add_gridspec(2, _PANELS + 1, height_ratios=[3, 1.2])
    pixels = np.asarray(image, dtype=np.float64) / 255
    boxes = regions.boxes[row]
    _draw_boxes(figure.add_subplot(grid[0, 0]), pixels, boxes[mask])
    weights = judgement.links.A_v2t
    for i, place in enumerate(_focused(words, weights)):
        axes = figure.add_subplot(grid[0, 1 + i])
        _draw_word(axes, pixels, boxes, weights[place], words[place])
    _draw_cosines(figure, grid, words, judgement.links, mask)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Emoji: matplotlib's own font has none, and draws a frame in their place.
        warnings.filterwarnings("ignore", message="Glyph")
        # Without the writer's version, the same figure gives the same bytes after an upgrade.
        figure.savefig(path, dpi=_DPI, metadata={"Software": None})


def _focused(words: Sequence[str], weights: npt.NDArray[np.float32]) -> list[int]:
    """Places of the distinct words whose attention is least spread, in reading order."""
    ranked = np.argsort(-weights.max(1), kind="stable").tolist()
    first = {words[place]: place for place in reversed(ranked)}
    return sorted(sorted(first.values(), key=ranked.index)[:_PANELS])


def _draw_boxes(axes: Any, pixels: npt.NDArray[Any], boxes: npt.NDArray[Any]) -> None:
    axes.imshow(pixels)
    for box in boxes:
        axes.add_patch(_rectangle(box, "white", 0.6))
    _bare(axes, f"{len(boxes)} regions")


def _draw_word(
    axes: Any, pixels: npt.NDArray[Any], boxes: npt.NDArray[Any], weights: Any, word: str
) -> None:
    light = np.full(pixels.shape[:2], _VEIL)
    strongest = int(weights.argmax())
    for box, weight in zip(boxes, weights / weights.max(), strict=True):
        x1, y1, x2, y2 = np.rint(box).astype(int)
        part = light[y1:y2, x1:x2]
        np.maximum(part, _VEIL + (1 - _VEIL) * weight, out=part)
    axes.imshow(pixels * light[..., None])
    axes.add_patch(_rectangle(boxes[strongest], _RED, 2.2))
    _bare(axes, f"{word}  ({weights[strongest]:.2f})")


def _draw_cosines(
    figure: Figure, grid: Any, words: Sequence[str], links: Links, mask: npt.NDArray[Any]
) -> None:
    axes = figure.add_subplot(grid[1, :2])
    axes.bar(range(len(words)), links.t_bar, color=_BLUE)
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right", fontsize=7)
    axes.set_title("cosine of each word with what the regions make of it", fontsize=9)
    other = figure.add_subplot(grid[1, 2:])
    other.bar(range(1, int(mask.sum()) + 1), links.v_bar[mask], color=_BLUE)
    other.set_title("cosine of each region with what the words make of it", fontsize=9)
    cosines = np.concatenate([links.t_bar, links.v_bar[mask]])
    for one in (axes, other):
        one.spines[["top", "right"]].set_visible(False)
        one.set_ylim(min(0.0, float(cosines.min())) * 1.1, max(0.0, float(cosines.max())) * 1.1)
        one.axhline(0, color="black", linewidth=0.8)


def _rectangle(box: Any, color: str, width: float) -> Rectangle:
    x1, y1, x2, y2 = box
    return Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=color, linewidth=width)


def _bare(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
