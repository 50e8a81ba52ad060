"""Figures of a search model as PNG files: ROC curve, modality weights, attention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from PIL.Image import Image

from pipeline.features.store import RegionFeatures
from pipeline.figures import COLORS, canvas, save_figure
from pipeline.search.features.visual import Visual

_BLUE, _ORANGE, _GREY = *COLORS[:2], "#888888"
_VEIL = 0.3
_KEYWORDS_SHOWN = 8
_BINS = 40

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class Example:
    """A query with one image, and the attention on it.

    row: of the image in the feature file. attention: (R,) over regions or cells, None without VAN.
    keywords: the attention on each. weights: [p_v, p_k]. score: the cosine.
    """

    query: str
    image: Image
    row: int
    attention: Floats | None
    keywords: Mapping[str, float]
    weights: tuple[float, float]
    score: float


def draw_roc(path: Path, false: Floats, true: Floats, auc: float) -> None:
    """The ROC curve of all (query, image) scores, beside the diagonal."""
    figure, axes = canvas(4.6, 4.4, grid="both")
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1, label="chance")
    axes.plot(false, true, color=_BLUE, label=f"model, area {auc:.3f}")
    axes.set_xlabel("images passed as relevant that are not")
    axes.set_ylabel("relevant images found")
    axes.legend(loc="lower right")
    save_figure(figure, path)


def draw_weights(path: Path, visual_weights: Floats) -> None:
    """Histogram of p_v over queries with their relevant images."""
    figure, axes = canvas(5.6, 3.4)
    axes.hist(visual_weights, bins=_BINS, range=(0, 1), color=_BLUE)
    mean = float(np.mean(visual_weights)) if len(visual_weights) else 0.0
    axes.axvline(mean, color=_ORANGE, label=f"mean {mean:.2f}")
    axes.set_xlabel("weight of the image; the rest is the keywords'")
    axes.set_ylabel("queries")
    axes.legend()
    save_figure(figure, path)


def draw_examples(path: Path, examples: Sequence[Example], visual: Visual) -> None:
    """A row per example: the image, the attention on its regions, and that on its keywords."""
    figure = Figure(figsize=(9, 2.9 * max(len(examples), 1)), layout="constrained")
    for i, example in enumerate(examples):
        image, light, words = (figure.add_subplot(len(examples), 3, 3 * i + j) for j in (1, 2, 3))
        pixels = np.asarray(example.image, dtype=np.float64) / 255
        image.imshow(pixels)
        _bare(image, example.query)
        if example.attention is not None:
            brightness = lightmap(visual, example.row, example.attention, pixels.shape[:2])
            light.imshow(pixels * brightness[..., None])
        p_v, p_k = example.weights
        _bare(light, f"score {example.score:.2f}: image {p_v:.2f}, keywords {p_k:.2f}")
        _draw_keywords(words, example.keywords)
    save_figure(figure, path)


def lightmap(visual: Visual, row: int, attention: Floats, size: tuple[int, int]) -> Floats:
    """The brightness of each pixel (height, width), by the attention on its region or cell."""
    bright = _VEIL + (1 - _VEIL) * attention / max(float(attention.max()), 1e-12)
    light = np.full(size, _VEIL)
    if isinstance(visual.features, RegionFeatures):
        height, width = visual.features.size[row]
        scale = np.array([size[1] / width, size[0] / height] * 2)
        for box, value in zip(visual.features.boxes[row] * scale, bright, strict=True):
            x1, y1, x2, y2 = np.rint(box).astype(int)
            np.maximum(light[y1:y2, x1:x2], value, out=light[y1:y2, x1:x2])
        return light
    rows, columns = visual.features.grid_shape
    y = np.arange(size[0]) * rows // size[0]
    x = np.arange(size[1]) * columns // size[1]
    cells: Floats = bright.reshape(rows, columns)[y[:, None], x]
    return cells


def _draw_keywords(axes: Any, keywords: Mapping[str, float]) -> None:
    best = sorted(keywords.items(), key=lambda item: -item[1])[:_KEYWORDS_SHOWN]
    if not best:
        _bare(axes, "no keywords")
        return
    axes.barh([word for word, _ in best], [weight for _, weight in best], color=_ORANGE)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title("attention on its keywords", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def _bare(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=9, wrap=True)
    axes.set_xticks([])
    axes.set_yticks([])
