"""What the attention viewer shows of a pair, as the JSON that its script reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from pipeline.features.store import RegionFeatures
from pipeline.report.thumbnails import data_uri
from pipeline.training.judgement import Judgement

_SIDE = 448
# Weights and cosines are sent as thousandths: shorter, and finer than any screen shows.
_SCALE = 1000


def viewer_pair(
    title: str,
    image: Image,
    words: Sequence[str],
    regions: RegionFeatures,
    row: int,
    judgement: Judgement,
    labels: Sequence[str],
    gold: str | None = None,
) -> dict[str, Any]:
    """One pair for the viewer.

    Args:
        title: how people find the pair again.
        row: the picture's row in `regions`.
        gold: the annotated relation, where there is one.
    """
    valid = np.flatnonzero(regions.mask[row])
    size = np.array([image.width, image.height] * 2)
    votes = {**judgement.streams, "both": judgement.probabilities}
    pair: dict[str, Any] = {
        "title": title,
        "image": data_uri(image, _SIDE),
        "aspect": round(image.width / image.height, 4),
        "words": list(words),
        "boxes": _thousandths(regions.boxes[row, valid] / size),
        "objects": [regions.class_names[i] for i in regions.classes[row, valid]],
        "labels": list(labels),
        "votes": {name: _thousandths(vote) for name, vote in votes.items()},
        "predicted": labels[judgement.predicted],
        "gold": gold,
    }
    if links := judgement.links:
        pair |= {
            "word_regions": _thousandths(links.A_v2t[:, valid]),  # L x regions
            "region_words": _thousandths(links.A_t2v[valid]),  # regions x L
            "word_cosines": _thousandths(links.t_bar),
            "region_cosines": _thousandths(links.v_bar[valid]),
        }
    return pair


def _thousandths(values: npt.NDArray[Any]) -> Any:
    return np.rint(values * _SCALE).astype(int).tolist()
