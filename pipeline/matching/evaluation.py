"""How well trained models retrieve, and how well the memory tells wrong pairs from right ones."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from pipeline.matching.data import Split
from pipeline.matching.models import MatchingModel
from pipeline.matching.ranking import similarity_matrix
from pipeline.matching.retrieval import fold_metrics, retrieval_metrics

Correspondence = npt.NDArray[np.float64]
Wrong = npt.NDArray[np.bool_]


def judge_retrieval(models: list[MatchingModel], split: Split, fold: int) -> dict[str, float]:
    """Retrieval over a split; with `fold`, also the mean over folds of so many pictures.

    The names of the folds' figures end in `_fold`.
    """
    similarity = similarity_matrix(models, split)
    metrics = retrieval_metrics(similarity, split.image)
    if fold:
        folds = fold_metrics(similarity, split.image, fold)
        metrics |= {f"{name}_fold": value for name, value in folds.items()}
    return metrics


def judge_correspondence(correspondence: Correspondence, wrong: Wrong) -> dict[str, float]:
    """`noise_rate`, and where both kinds of pair are there: `correspondence_auc`, the chance that
    a right pair is believed more than a wrong one, and the mean belief of each."""
    metrics = {"noise_rate": float(wrong.mean())}
    if wrong.any() and not wrong.all():
        metrics["correspondence_auc"] = float(roc_auc_score(~wrong, correspondence))
        metrics["correspondence_right"] = float(correspondence[~wrong].mean())
        metrics["correspondence_wrong"] = float(correspondence[wrong].mean())
    return metrics
