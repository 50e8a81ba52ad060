"""A pair's attention as a figure, like Fig. 3 of the paper."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.figures import save_figure
from pipeline.metrics.pair_outputs import AttentionMaps
from pipeline.report.viewer import Example

_PANELS = 3
_VEIL = 0.3
_RED = "#e0232e"
_BLUE = "#2a5bd7"


def draw_attention(path: Path, title: str, example: Example) -> None:
    """The image with its boxes, the regions of the most focused words, and both sides' cosines.

    Regions are as bright as their weight; the strongest is outlined in red. Draws nothing for a
    model without an alignment net or an image without regions.

    Raises:
        OSError: the file cannot be written.
    """
    words, attention = example.words, example.output.attention
    mask, boxes = example.regions.mask[example.row], example.regions.boxes[example.row]
    if attention is None or not mask.any():
        return
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    grid = figure.add_gridspec(2, _PANELS + 1, height_ratios=[3, 1.2])
    pixels = np.asarray(example.image, dtype=np.float64) / 255
    _draw_boxes(figure.add_subplot(grid[0, 0]), pixels, boxes[mask])
    for i, place in enumerate(_focused(words, attention.A_v2t)):
        axes = figure.add_subplot(grid[0, 1 + i])
        _draw_word(axes, pixels, boxes, attention.A_v2t[place], words[place])
    _draw_cosines(figure, grid, words, attention, mask)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    with warnings.catch_warnings():
        # matplotlib's font has no emoji and draws boxes instead.
        warnings.filterwarnings("ignore", message="Glyph")
        save_figure(figure, path)


def _focused(words: Sequence[str], weights: npt.NDArray[np.float32]) -> list[int]:
    """Places of the distinct words with the largest weights, in reading order."""
    ranked = np.argsort(-weights.max(1), kind="stable").tolist()
    first = {words[place]: place for place in reversed(ranked)}
    return sorted(sorted(first.values(), key=ranked.index)[:_PANELS])


def _draw_boxes(axes: Any, pixels: npt.NDArray[Any], boxes: npt.NDArray[Any]) -> None:
    axes.imshow(pixels)
    for box in boxes:
        axes.add_patch(_rectangle(box, "white", 0.6))
    _without_ticks(axes, f"{len(boxes)} regions")


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
    _without_ticks(axes, f"{word}  ({weights[strongest]:.2f})")


def _draw_cosines(
    figure: Figure,
    grid: Any,
    words: Sequence[str],
    attention: AttentionMaps,
    mask: npt.NDArray[Any],
) -> None:
    axes = figure.add_subplot(grid[1, :2])
    axes.bar(range(len(words)), attention.t_bar, color=_BLUE)
    axes.set_xticks(range(len(words)), words, rotation=60, ha="right", fontsize=7)
    axes.set_title("cosine of each word with its reconstruction from the regions", fontsize=9)
    other = figure.add_subplot(grid[1, 2:])
    other.bar(range(1, int(mask.sum()) + 1), attention.v_bar[mask], color=_BLUE)
    other.set_title("cosine of each region with its reconstruction from the words", fontsize=9)
    cosines = np.concatenate([attention.t_bar, attention.v_bar[mask]])
    for one in (axes, other):
        _draw_zero_line(one, cosines)


def _draw_zero_line(axes: Any, values: npt.NDArray[Any]) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(min(0.0, float(values.min())) * 1.1, max(0.0, float(values.max())) * 1.1)
    axes.axhline(0, color="black", linewidth=0.8)


def _rectangle(box: Any, color: str, width: float) -> Rectangle:
    x1, y1, x2, y2 = box
    return Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=color, linewidth=width)


def _without_ticks(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
