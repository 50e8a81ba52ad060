"""Does attention point at what a word names? It can be told where a corpus' boxes are known."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.corpus.truth import Box, NamedBoxes
from pipeline.features.store import RegionFeatures
from pipeline.features.texts import Texts
from pipeline.models.ananet import AnANet
from pipeline.training.data import PairFeatures
from pipeline.training.judgement import Links, judge_pairs

_BATCH_SIZE = 256

Hits = npt.NDArray[np.bool_]


def pointing_metrics(
    model: AnANet,
    features: PairFeatures,
    pairs: pd.DataFrame,
    regions: RegionFeatures,
    texts: Texts,
    truth: NamedBoxes,
) -> dict[str, float]:
    """The pointing game of Zhang et al. (ECCV 2016) on the test pairs' words that name an object.

    A word hits if the centre of the region with its largest weight lies on a box of what it names.
    `pointing_accuracy` is the share of words that hit, `pointing_chance` the share to expect of a
    region drawn at random, `pointing_words` their number. Empty if there is no such word, or the
    model has no alignment net.

    Args:
        pairs: the table whose rows `features` has.
    """
    found = list(_words(model, features, pairs, regions, texts, truth))
    if not found:
        return {}
    hits, chances = zip(*found, strict=True)
    return {
        "pointing_accuracy": float(np.mean(hits)),
        "pointing_chance": float(np.mean(chances)),
        "pointing_words": len(found),
    }


def _words(
    model: AnANet,
    features: PairFeatures,
    pairs: pd.DataFrame,
    regions: RegionFeatures,
    texts: Texts,
    truth: NamedBoxes,
) -> Iterator[tuple[bool, float]]:
    """Hit or miss, and the chance to hit, of every word of a test pair that names an object."""
    for rows in features.batches("test", _BATCH_SIZE):
        pictures = regions.index(pairs["image_key"].iloc[rows].tolist())
        judged = judge_pairs(model, features, rows)
        for row, picture, judgement in zip(rows.tolist(), pictures, judged, strict=True):
            pair = pairs.iloc[row]
            boxes, mask = regions.boxes[picture], regions.mask[picture]
            if judgement.links:
                words = texts[pair["text_key"]]
                yield from _pair(
                    judgement.links, words, boxes[mask], mask, truth.get(pair["id"], {})
                )


def _pair(
    links: Links,
    words: Sequence[str],
    boxes: npt.NDArray[np.float32],
    mask: Hits,
    named: Mapping[str, Sequence[Box]],
) -> Iterator[tuple[bool, float]]:
    weights = links.A_v2t[:, mask]  # (L, valid regions)
    for place, word in enumerate(words):
        if word in named:
            hits = on_any(boxes, named[word])
            strongest = weights[place].argmax() if len(hits) else None
            yield strongest is not None and bool(hits[strongest]), float(hits.mean())


def on_any(boxes: npt.NDArray[np.float32], targets: Sequence[Box]) -> Hits:
    """Which boxes (n, 4) have their centre on one of the targets, (n,)."""
    x, y = (boxes[:, :2] + boxes[:, 2:]).T / 2  # (n,) each
    hits = np.zeros(len(boxes), np.bool_)
    for x1, y1, x2, y2 in targets:
        hits |= (x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2)
    return hits
