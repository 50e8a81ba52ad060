"""How well pictures are ranked for queries: NDCG, recall, and the ROC of scores."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NDCG_AT = (5, 10, 15, 20, 25)
RECALL_AT = (1, 5, 10)


@dataclass(frozen=True)
class Ranking:
    """The scores of Q queries for P pictures.

    gain: (Q, P), 2^rel - 1 of each picture, 0 where it is not relevant. candidate: (Q, P), the
    pictures that a query ranks.
    """

    scores: npt.NDArray[np.float32]
    gain: Floats
    candidate: Mask


def ranking_metrics(ranking: Ranking, without_relevant: str) -> dict[str, float]:
    """Means over queries, from 0 to 1, and counts of queries.

    `ndcg@k` is DCG over that of the ideal order; `r@k` is the share of queries with a relevant
    picture among the first k; `auc` is the chance that a relevant (query, picture) scores above one
    that is not, over all queries together. Of pictures with equal scores, those that are not
    relevant come first: a model that cannot tell them apart gains nothing by their order.

    Args:
        without_relevant: skip, queries for which nothing relevant is a candidate count in no mean |
            zero, they count as 0.
    """
    found = np.any(ranking.candidate & (ranking.gain > 0), axis=1)  # (Q,)
    judged = Ranking(ranking.scores[found], ranking.gain[found], ranking.candidate[found])
    gains = ranked_gains(judged)
    share = 1.0 if without_relevant == "skip" else float(found.mean())
    metrics = {f"ndcg@{k}": share * _mean(ndcg(gains, k)) for k in NDCG_AT}
    metrics |= {f"r@{k}": share * _mean(np.any(gains[:, :k] > 0, axis=1)) for k in RECALL_AT}
    scores, relevant = roc_inputs(ranking)
    both = relevant.any() and not relevant.all()
    return metrics | {
        "auc": float(roc_auc_score(relevant, scores)) if both else 0.0,
        "queries": float(len(found)),
        "queries_without_relevant": float((~found).sum()),
    }


def ranked_gains(ranking: Ranking) -> Floats:
    """The gains of each query's candidates, best score first, then zeros (Q, P)."""
    scores = np.where(ranking.candidate, ranking.scores, -np.inf)
    gain = np.where(ranking.candidate, ranking.gain, 0)
    order = np.lexsort((gain, -scores), axis=1)
    gains: Floats = np.take_along_axis(gain, order, 1)
    return gains


def ndcg(gains: Floats, k: int) -> Floats:
    """(1 / Z) sum over i <= k of (2^rel_i - 1) / log2(i + 1), of ranked gains (Q, P) -> (Q,)."""
    discount = 1 / np.log2(np.arange(2, min(k, gains.shape[1]) + 2))
    ideal = -np.sort(-gains, axis=1)
    found: Floats = (gains[:, :k] @ discount) / (ideal[:, :k] @ discount)
    return found


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
