"""Ranking metrics: recalls and ranks of matching; NDCG, recall and ROC of search.

Ties count as the mean over all their orders: constant scores get what random ones get.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

from pipeline.errors import UserError

Similarity = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CUTOFFS = (1, 5, 10)
DIRECTIONS = ("image_to_text", "text_to_image")
NDCG_AT = (5, 10, 15, 20, 25)
RECALL_AT = (1, 5, 10)


@dataclass(frozen=True)
class Ranking:
    """The scores of Q queries for P images.

    gain: (Q, P), 2^rel - 1 of each image, 0 where it is not relevant. candidate: (Q, P), the
    images to rank for each query.
    """

    scores: npt.NDArray[np.float32]
    gain: Floats
    candidate: Mask


def ranking_metrics(ranking: Ranking, without_relevant: str) -> dict[str, float]:
    """Means over queries, from 0 to 1, and counts of queries.

    `ndcg@k` is DCG over that of the ideal order; `r@k` is the share of queries with a relevant
    image among the first k; `auc` is the chance that a relevant (query, image) scores above one
    that is not, over all queries together.

    Args:
        without_relevant: skip, queries without a relevant candidate are left out of the means |
            zero, they count as 0.
    """
    has_relevant = np.any(ranking.candidate & (ranking.gain > 0), axis=1)  # (Q,)
    scores, gain = ranking.scores[has_relevant], ranking.gain[has_relevant]
    kept = Ranking(scores, gain, ranking.candidate[has_relevant])
    gains, ideal = ranked_gains(kept)
    share = 1.0 if without_relevant == "skip" else float(has_relevant.mean())
    metrics = {f"ndcg@{k}": share * _mean(ndcg(gains, ideal, k)) for k in NDCG_AT}
    metrics |= {f"r@{k}": share * _mean(recall(kept, k)) for k in RECALL_AT}
    scores, relevant = roc_inputs(ranking)
    both = relevant.any() and not relevant.all()
    return metrics | {
        "auc": float(roc_auc_score(relevant, scores)) if both else 0.0,
        "queries": float(len(has_relevant)),
        "queries_without_relevant": float((~has_relevant).sum()),
    }


def ranked_gains(ranking: Ranking) -> tuple[Floats, Floats]:
    """The gains of each query's candidates, best score first, then zeros, and in the ideal order;
    (Q, P) each. Tied scores share their mean gain, the expectation over random orders.
    """
    scores = np.where(ranking.candidate, ranking.scores, -np.inf)
    gain = np.where(ranking.candidate, ranking.gain, 0)
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked, gains = (np.take_along_axis(x, order, 1) for x in (scores, gain))
    first = np.ones(ranked.shape, np.bool_)  # of its ties
    first[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    group = np.cumsum(first).reshape(ranked.shape) - 1  # no group spans two queries
    means = np.bincount(group.ravel(), gains.ravel()) / np.bincount(group.ravel())
    return means[group], -np.sort(-gain, axis=1)


def ndcg(gains: Floats, ideal: Floats, k: int) -> Floats:
    """(1 / Z) sum over i <= k of (2^rel_i - 1) / log2(i + 1), of ranked gains (Q, P) -> (Q,)."""
    discount = 1 / np.log2(np.arange(2, min(k, gains.shape[1]) + 2))
    values: Floats = (gains[:, :k] @ discount) / (ideal[:, :k] @ discount)
    return values


def recall(ranking: Ranking, k: int) -> Floats:
    """The chance that a relevant image is among the first k of each query, (Q,)."""
    return chance_of_match(*_best_match(ranking), k)


def first_rank(ranking: Ranking) -> Floats:
    """The mean rank of each query's first relevant image, counted from 1, (Q,)."""
    better, tied, matches = _best_match(ranking)
    ranks: Floats = better + (tied + 1) / (matches + 1)
    return ranks


def _best_match(ranking: Ranking) -> tuple[Counts, Counts, Counts]:
    """For each query: candidates scored above its best match, tied with it, and relevant ties."""
    scores = np.where(ranking.candidate, ranking.scores, -np.inf)
    relevant = ranking.candidate & (ranking.gain > 0)
    best = np.where(relevant, scores, -np.inf).max(1, keepdims=True)  # (Q, 1)
    tied = (scores == best) & ranking.candidate
    return (scores > best).sum(1), tied.sum(1), (tied & relevant).sum(1)


def roc_inputs(ranking: Ranking) -> tuple[npt.NDArray[np.float32], Mask]:
    """Scores and relevance of all candidates of all queries."""
    return ranking.scores[ranking.candidate], (ranking.gain > 0)[ranking.candidate]


def roc(ranking: Ranking, points: int) -> tuple[Floats, Floats]:
    """False and true positive rates of the ROC curve, at `points` even steps of the former."""
    scores, relevant = roc_inputs(ranking)
    false, true, _ = roc_curve(relevant, scores)
    rates = np.linspace(0, 1, points)
    return rates, np.interp(rates, false, true)


def _mean(values: npt.NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def retrieval_metrics(similarity: Similarity, image_of: Rows) -> dict[str, float]:
    """Recall at 1, 5 and 10 in percent, median and mean rank, both ways, and `rsum` of the recalls.


    Args:
        similarity: (I, T). image_of: (T,) each text's image; every image has a text.

    Raises:
        UserError: a similarity is not finite.
    """
    if not np.isfinite(similarity).all():
        raise UserError("some similarities are not finite; did training diverge?")
    metrics: dict[str, float] = {}
    for name, (better, tied, matches) in (
        ("image_to_text", _texts_of_images(similarity, image_of)),
        ("text_to_image", _images_of_texts(similarity, image_of)),
    ):
        for cutoff in CUTOFFS:
            recall = 100 * chance_of_match(better, tied, matches, cutoff)
            metrics[f"{name}_r{cutoff}"] = float(recall.mean())
        ranks = better + (tied + 1) / (matches + 1)  # of the first match, on average
        metrics[f"{name}_median_rank"] = float(np.median(ranks))
        metrics[f"{name}_mean_rank"] = float(ranks.mean())
    metrics["rsum"] = recall_sum(metrics)
    return metrics


def fold_metrics(similarity: Similarity, image_of: Rows, size: int) -> dict[str, float]:
    """The mean of the metrics over folds of `size` consecutive images with their texts.

    MS-COCO's "1K" results are those of five folds of 1,000 of its 5,000 test images.

    Raises:
        UserError: there are fewer images than `size`, or a similarity is not finite.
    """
    folds = []
    for start in range(0, len(similarity) - size + 1, size):
        texts = np.flatnonzero((image_of >= start) & (image_of < start + size))
        part = similarity[start : start + size, texts]
        folds.append(retrieval_metrics(part, image_of[texts] - start))
    if not folds:
        raise UserError(f"a fold of {size} images needs as many; there are {len(similarity)}")
    return {name: float(np.mean([fold[name] for fold in folds])) for name in folds[0]}


def recall_sum(metrics: dict[str, float], directions: Sequence[str] = DIRECTIONS) -> float:
    """The sum of the recalls, 600 at best."""
    return sum(metrics[f"{name}_r{cutoff}"] for name in directions for cutoff in CUTOFFS)


def _texts_of_images(similarity: Similarity, image_of: Rows) -> tuple[Counts, Counts, Counts]:
    """For each image: texts scored above its best match, tied with it, and matching ties."""
    match = similarity[image_of, np.arange(len(image_of))]  # (T,)
    best = np.full(len(similarity), -np.inf, similarity.dtype)
    np.maximum.at(best, image_of, match)
    better = (similarity > best[:, None]).sum(1)
    tied = (similarity == best[:, None]).sum(1)
    matches = np.bincount(image_of[match == best[image_of]], minlength=len(similarity))
    return better, tied, matches


def _images_of_texts(similarity: Similarity, image_of: Rows) -> tuple[Counts, Counts, Counts]:
    match = similarity[image_of, np.arange(len(image_of))]  # (T,)
    return (similarity > match).sum(0), (similarity == match).sum(0), np.ones(len(match), np.int64)


def chance_of_match(
    better: Counts, tied: Counts, matches: Counts, cutoff: int
) -> npt.NDArray[np.float64]:
    """The chance, (n,), that one of `matches` among `tied` scores is within the first `cutoff`.

    In random order, the first k of n tied ones miss all m matches with probability
    (n - m)/n (n - m - 1)/(n - 1) ..., k factors.
    """
    places = np.clip(cutoff - better, 0, tied)
    missed = np.ones(len(better))
    for place in range(cutoff):
        others = np.maximum(tied - matches - place, 0)
        left = np.maximum(tied - place, 1)
        missed *= np.where(place < places, others / left, 1.0)
    return 1.0 - missed
