"""How well the similarities of all pictures and texts rank what belongs together."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError

Similarity = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

CUTOFFS = (1, 5, 10)
DIRECTIONS = ("image_to_text", "text_to_image")


def retrieval_metrics(similarity: Similarity, image_of: Rows) -> dict[str, float]:
    """Recall at 1, 5 and 10 in percent, median and mean rank, both ways, and `rsum` of the recalls.

    Ties are broken by no order: a recall is the chance that a random order of equal scores brings a
    match to the top, a rank the mean over such orders. A model that says the same of all gets what
    guessing gets.

    Args:
        similarity: (I, T). image_of: (T,) the picture that each text belongs to; each has a text.

    Raises:
        UserError: a similarity is not finite.
    """
    if not np.isfinite(similarity).all():
        raise UserError("some similarities are not finite; did training diverge?")
    metrics: dict[str, float] = {}
    for name, (better, tied, matches) in (
        ("image_to_text", _texts_of_pictures(similarity, image_of)),
        ("text_to_image", _pictures_of_texts(similarity, image_of)),
    ):
        for cutoff in CUTOFFS:
            found = 100 * _chance_of_match(better, tied, matches, cutoff)
            metrics[f"{name}_r{cutoff}"] = float(found.mean())
        ranks = better + (tied + 1) / (matches + 1)  # of the first match, on average
        metrics[f"{name}_median_rank"] = float(np.median(ranks))
        metrics[f"{name}_mean_rank"] = float(ranks.mean())
    metrics["rsum"] = recall_sum(metrics)
    return metrics


def fold_metrics(similarity: Similarity, image_of: Rows, size: int) -> dict[str, float]:
    """The mean of the metrics over folds of `size` consecutive pictures, each with its own texts.

    MS-COCO's "1K" figures are those of five folds of 1,000 of its 5,000 test pictures.
    """
    folds = []
    for start in range(0, len(similarity) - size + 1, size):
        texts = np.flatnonzero((image_of >= start) & (image_of < start + size))
        part = similarity[start : start + size, texts]
        folds.append(retrieval_metrics(part, image_of[texts] - start))
    if not folds:
        raise UserError(f"a fold of {size} pictures needs as many; there are {len(similarity)}")
    return {name: float(np.mean([fold[name] for fold in folds])) for name in folds[0]}


def recall_sum(metrics: dict[str, float], directions: Sequence[str] = DIRECTIONS) -> float:
    """The sum of the recalls, 600 at best."""
    return sum(metrics[f"{name}_r{cutoff}"] for name in directions for cutoff in CUTOFFS)


def _texts_of_pictures(similarity: Similarity, image_of: Rows) -> tuple[Counts, Counts, Counts]:
    """For each picture: texts above its best match, equal to it, and matches among these."""
    own = similarity[image_of, np.arange(len(image_of))]  # (T,)
    best = np.full(len(similarity), -np.inf, similarity.dtype)
    np.maximum.at(best, image_of, own)
    better = (similarity > best[:, None]).sum(1)
    tied = (similarity == best[:, None]).sum(1)
    matches = np.bincount(image_of[own == best[image_of]], minlength=len(similarity))
    return better, tied, matches


def _pictures_of_texts(similarity: Similarity, image_of: Rows) -> tuple[Counts, Counts, Counts]:
    own = similarity[image_of, np.arange(len(image_of))]  # (T,)
    return (similarity > own).sum(0), (similarity == own).sum(0), np.ones(len(own), np.int64)


def _chance_of_match(
    better: Counts, tied: Counts, matches: Counts, cutoff: int
) -> npt.NDArray[np.float64]:
    """The chance that one of `matches` among `tied` equals is under the first `cutoff`.

    In random order, the first k of n equals miss all m matches with probability
    (n - m)/n (n - m - 1)/(n - 1) ..., k factors.
    """
    places = np.clip(cutoff - better, 0, tied)
    missed = np.ones(len(better))
    for place in range(cutoff):
        others = np.maximum(tied - matches - place, 0)
        left = np.maximum(tied - place, 1)
        missed *= np.where(place < places, others / left, 1.0)
    return 1.0 - missed
