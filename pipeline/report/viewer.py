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
from pipeline.report.spelling import spellings

_SIDE = 448
# Weights and cosines are stored as thousandths, which is short and finer than a screen shows.
_SCALE = 1000
_TITLE_WORDS = 6
# Of the sample's 600 test pairs, 30 had a best and a second relation closer than this, and half of
# those predictions were right, against 89 % of the others. A margin means the same for any number
# of relations, which a least probability would not.
_CLOSE = 0.1


@dataclass(frozen=True)
class Example:
    """A pair with the model's output.

    text: as it was written. words: its tokens. row: the image's row in `regions`. gold: the
    annotated relation, if known.
    """

    id: str
    image: Image
    text: str
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
        "title": f"{example.id} · {_start(example.text)}",
        "image": data_uri(image, _SIDE),
        "aspect": round(image.width / image.height, 4),
        "words": list(words),
        "spelled": spellings(example.text, words),
        "boxes": _thousandths(regions.boxes[example.row, valid] / size),
        "objects": [regions.class_names[i] for i in regions.classes[example.row, valid]],
        "labels": list(labels),
        "votes": {name: _thousandths(vote) for name, vote in votes.items()},
        "predicted": labels[example.output.predicted],
        "undecided": [] if example.gold else undecided(example.output.probabilities, labels),
        "gold": example.gold,
    }
    if attention := example.output.attention:
        pair |= _attention(attention, valid)
    return pair


def undecided(probabilities: npt.NDArray[np.float32], labels: Sequence[str]) -> list[str]:
    """The relations between which a prediction (C,) is a toss-up, the likeliest first.

    They are less than 0.1 less probable than the best; none if that holds of no other.
    """
    ranked = np.argsort(-probabilities, kind="stable")
    close = [int(i) for i in ranked if probabilities[ranked[0]] - probabilities[i] < _CLOSE]
    return [labels[i] for i in close] if len(close) > 1 else []


def _attention(attention: AttentionMaps, valid: npt.NDArray[np.int64]) -> dict[str, Any]:
    return {
        "word_regions": _thousandths(attention.A_v2t[:, valid]),  # L x regions
        "region_words": _thousandths(attention.A_t2v[valid]),  # regions x L
        "word_cosines": _thousandths(attention.t_bar),
        "region_cosines": _thousandths(attention.v_bar[valid]),
    }


def _start(text: str) -> str:
    words = text.split()
    return f"{' '.join(words[:_TITLE_WORDS])}{' …' if len(words) > _TITLE_WORDS else ''}"


def _thousandths(values: npt.NDArray[Any]) -> Any:
    return np.rint(values * _SCALE).astype(int).tolist()
