"""A pair in the JSON format of the attention viewer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from pipeline.features.store import RegionFeatures
from pipeline.metrics.pair_outputs import AttentionMaps, PairOutput
from pipeline.pages.thumbnails import data_uri

_SIDE = 448
# Weights and cosines are stored as thousandths, which is short and finer than a screen shows.
_SCALE = 1000
_TITLE_WORDS = 6


@dataclass(frozen=True)
class Example:
    """A pair with the model's output.

    row: the image's row in `regions`. gold: the annotated relation, if known.
    """

    id: str
    image: Image
    words: Sequence[str]
    regions: RegionFeatures
    row: int
    output: PairOutput
    gold: str | None = None


def viewer_pair(example: Example, labels: Sequence[str]) -> dict[str, Any]:
    """One pair for the viewer."""
    image, words, regions = example.image, example.words, example.regions
    valid = np.flatnonzero(regions.mask[example.row])
    size = np.array([image.width, image.height] * 2)
    votes = {**example.output.streams, "both": example.output.probabilities}
    pair: dict[str, Any] = {
        "title": f"{example.id} · {_start(words)}",
        "image": data_uri(image, _SIDE),
        "aspect": round(image.width / image.height, 4),
        "words": list(words),
        "boxes": _thousandths(regions.boxes[example.row, valid] / size),
        "objects": [regions.class_names[i] for i in regions.classes[example.row, valid]],
        "labels": list(labels),
        "votes": {name: _thousandths(vote) for name, vote in votes.items()},
        "predicted": labels[example.output.predicted],
        "gold": example.gold,
    }
    if attention := example.output.attention:
        pair |= _attention(attention, valid)
    return pair


def _attention(attention: AttentionMaps, valid: npt.NDArray[np.int64]) -> dict[str, Any]:
    return {
        "word_regions": _thousandths(attention.A_v2t[:, valid]),  # L x regions
        "region_words": _thousandths(attention.A_t2v[valid]),  # regions x L
        "word_cosines": _thousandths(attention.t_bar),
        "region_cosines": _thousandths(attention.v_bar[valid]),
    }


def _start(words: Sequence[str]) -> str:
    return f"{' '.join(words[:_TITLE_WORDS])}{' …' if len(words) > _TITLE_WORDS else ''}"


def _thousandths(values: npt.NDArray[Any]) -> Any:
    return np.rint(values * _SCALE).astype(int).tolist()
