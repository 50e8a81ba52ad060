"""The pointing game: does a word's attention lie on the object that it names?"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.dataset.pairs import PairFeatures
from pipeline.features.store import RegionFeatures
from pipeline.features.texts import Texts
from pipeline.features.truth import Box, NamedBoxes
from pipeline.metrics.pair_outputs import AttentionMaps
from pipeline.metrics.pair_predictions import predict_pairs
from pipeline.models.ananet import AnANet

_BATCH_SIZE = 256

Hits = npt.NDArray[np.bool_]


def pointing_metrics(
    model: AnANet, features: PairFeatures, regions: RegionFeatures, texts: Texts, truth: NamedBoxes
) -> dict[str, float]:
    """The pointing game of Zhang et al. (ECCV 2016) on the test pairs' words that name an object.

    A word hits if the centre of the region with its largest weight lies on a box of its object.
    `pointing_accuracy` is the share of words that hit, `pointing_chance` the expected share for
    random regions, `pointing_words` the number of words. Empty if there is no such word, or the
    model has no alignment net.

    Raises:
        UserError: there are no test pairs.
    """
    found: list[tuple[bool, float]] = []
    naming = [
        row
        for row in features.rows("test")
        if not truth.get(features.ids[row], {}).keys().isdisjoint(texts[features.text_keys[row]])
    ]
    for row, attention in _attention(model, features, naming):
        image = regions.index([features.image_keys[row]])[0]
        mask, named = regions.mask[image], truth[features.ids[row]]
        words, weights = texts[features.text_keys[row]], attention.A_v2t[:, mask]
        found += _word_hits(words, regions.boxes[image][mask], weights, named)
    if not found:
        return {}
    hits, chances = zip(*found, strict=True)
    return {
        "pointing_accuracy": float(np.mean(hits)),
        "pointing_chance": float(np.mean(chances)),
        "pointing_words": len(found),
    }


def _attention(
    model: AnANet, features: PairFeatures, rows: Sequence[int]
) -> Iterator[tuple[int, AttentionMaps]]:
    for start in range(0, len(rows), _BATCH_SIZE):
        batch = np.array(rows[start : start + _BATCH_SIZE])
        for row, output in zip(batch.tolist(), predict_pairs(model, features, batch), strict=True):
            if output.attention:
                yield row, output.attention


def _word_hits(
    words: Sequence[str],
    boxes: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    named: Mapping[str, Sequence[Box]],
) -> Iterator[tuple[bool, float]]:
    """Hit or miss, and the chance of a hit, of each word that names an object.

    boxes: (n, 4) of the image's regions. weights: (L, n) of the words over them.
    """
    for place, word in enumerate(words):
        if word in named:
            hits = on_any(boxes, named[word])
            strongest = weights[place].argmax() if len(hits) else None
            yield strongest is not None and bool(hits[strongest]), float(hits.mean())


def on_any(boxes: npt.NDArray[np.float32], targets: Sequence[Box]) -> Hits:
    """Whether each box (n, 4) has its centre on one of the targets, (n,)."""
    x, y = (boxes[:, :2] + boxes[:, 2:]).T / 2  # (n,) each
    hits = np.zeros(len(boxes), np.bool_)
    for x1, y1, x2, y2 in targets:
        hits |= (x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2)
    return hits
