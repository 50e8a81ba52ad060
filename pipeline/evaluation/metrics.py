"""Metrics of predictions with bootstrap intervals, and of each stream."""

from collections.abc import Sequence

import numpy as np

from pipeline.dataset.predictions import Predictions
from pipeline.metrics.classification import classification_metrics, rank_agreement
from pipeline.metrics.f1 import Classes, confusion_counts, scores_of_counts

# Percentiles of a 95 % interval.
_TAILS = (2.5, 97.5)


def evaluation_metrics(
    predictions: Predictions, labels: Sequence[str], resamples: int, seed: int
) -> dict[str, float]:
    """Metrics of the fused predictions with intervals, then of each stream.

    `tau_c` takes the order of `labels` for that of what they mean.
    """
    gold = predictions.gold
    metrics = classification_metrics(gold, predictions.predicted, labels)
    metrics["tau_c"] = rank_agreement(gold, predictions.probabilities)
    metrics |= bootstrap_intervals(gold, predictions.predicted, len(labels), resamples, seed)
    for stream, votes in predictions.streams.items():
        scores = classification_metrics(gold, votes, labels)
        metrics |= {f"{stream}_{name}": scores[name] for name in ("accuracy", "f1_weighted")}
    return metrics


def bootstrap_intervals(
    gold: Classes, predicted: Classes, classes: int, resamples: int, seed: int
) -> dict[str, float]:
    """95 % percentile intervals of accuracy, weighted and macro F1 over resampled pairs.

    They depend on the confusion counts alone, and the counts of n pairs drawn with replacement are
    one multinomial draw, so no pairs need to be drawn.
    """
    if resamples == 0:
        return {}
    counts = confusion_counts(gold, predicted, classes)
    drawn = _resampled(counts, resamples, seed)
    intervals: dict[str, float] = {}
    for name, values in scores_of_counts(drawn).items():
        low, high = np.percentile(values, _TAILS)
        intervals |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return intervals


def _resampled(counts: Classes, resamples: int, seed: int) -> Classes:
    """(C, C) -> (resamples, C, C)."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(counts.sum(), counts.ravel() / counts.sum(), size=resamples)
    return drawn.reshape(resamples, *counts.shape)
