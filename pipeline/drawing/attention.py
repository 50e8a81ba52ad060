"""A pair's attention as a figure, like Fig. 3 of the paper."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipeline.features.texts import text_key
from pipeline.figures import COLORS, save_figure
from pipeline.files import write_text
from pipeline.metrics.pair_outputs import AttentionMaps
from pipeline.report.spelling import spellings
from pipeline.report.viewer import Example

_PANELS = 3
_LONGEST = 60
_VEIL = 0.3
_RED, _BLUE = COLORS[5], COLORS[0]


def draw_examples(folder: Path, examples: Sequence[Example], labels: Sequence[str]) -> None:
    """A figure for each class, right and wrong, of its first example; captions in captions.md.

    Raises:
        OSError: a file cannot be written.
    """
    first: dict[tuple[str | None, bool], Example] = {}
    for example in examples:
        first.setdefault((example.gold, example.gold == _predicted(example, labels)), example)
    captions = []
    for example in first.values():
        name = _file_name(f"{example.gold}_{example.id}")
        draw_attention(folder / name, example)
        captions.append(f"- `{name}`: {_caption(example, labels)}\n")
    write_text(folder / "captions.md", "".join(captions))


def _file_name(text: str) -> str:
    """The text as the name of a file, which systems limit to 255 bytes."""
    name = re.sub(r"[^\w-]+", "_", text)
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}-{text_key([text])[:8]}"


def _predicted(example: Example, labels: Sequence[str]) -> str:
    return labels[example.output.predicted]


def _caption(example: Example, labels: Sequence[str]) -> str:
    votes = ", ".join(
        f"{name} {labels[int(vote.argmax())]} ({vote.max():.2f})"
        for name, vote in example.output.streams.items()
    )
    return (
        f"“{' '.join(example.text.split())}”; annotated {example.gold},"
        f" predicted {_predicted(example, labels)}; votes: {votes}"
    )


def draw_attention(path: Path, example: Example) -> None:
    """The image with its boxes, the regions of the most focused words, and both sides' cosines.

    Regions are as bright as their weight; the strongest is outlined. Draws nothing for a model
    without an alignment net or an image without regions.

    Raises:
        OSError: the file cannot be written.
    """
    attention = example.output.attention
    mask, boxes = example.regions.mask[example.row], example.regions.boxes[example.row]
    if attention is None or not mask.any():
        return
    spelled = spellings(example.text, example.words)
    words = [one or token for one, token in zip(spelled, example.words, strict=True)]
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    grid = figure.add_gridspec(2, _PANELS + 1, height_ratios=[3, 1.2])
    pixels = np.asarray(example.image, dtype=np.float64) / 255
    _draw_boxes(figure.add_subplot(grid[0, 0]), pixels, boxes[mask])
    for i, place in enumerate(_focused(words, attention.A_v2t)):
        axes = figure.add_subplot(grid[0, 1 + i])
        _draw_word(axes, pixels, boxes, attention.A_v2t[place], words[place])
    _draw_cosines(figure, grid, words, attention, mask)
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
    axes.set_xlabel("word", fontsize=9)
    axes.set_ylabel("cosine (Eq. 16)", fontsize=9)
    other = figure.add_subplot(grid[1, 2:])
    other.bar(range(1, int(mask.sum()) + 1), attention.v_bar[mask], color=_BLUE)
    other.set_xlabel("region", fontsize=9)
    other.set_ylabel("cosine (Eq. 15)", fontsize=9)
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
