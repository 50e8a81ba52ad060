"""Means over runs, bootstrap intervals, and tests of whether two rows differ.

A score depends on the seed of a run and on the sample of test pairs. Each bootstrap resample draws
both with replacement: S runs, and as many images as the test pairs have, each with all its pairs.
All rows are scored on the same resamples, so that differences are paired. Where runs of several
folds are joined, a score is the mean over the folds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.metrics.classification import (
    Probabilities,
    classification_metrics,
    rank_agreement,
)
from pipeline.metrics.f1 import Classes, scores_of_counts
from pipeline.studies.tables.runs import Runs

Floats = npt.NDArray[np.float64]
# Title by name, of those with intervals.
METRICS = {"accuracy": "accuracy", "f1_weighted": "weighted F1", "f1_macro": "macro F1"}
# Percentiles that bound a 95 % interval.
_BOUNDS = (2.5, 97.5)


@dataclass(frozen=True)
class Summary:
    """One metric of one row, from 0 to 1.

    mean, sd: over the runs. low, high: 95 % interval of the mean over runs and images.
    """

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """One row's mean minus another's: 95 % interval and two-sided p of no difference."""

    mean: float
    low: float
    high: float
    p: float


class Bootstrap:
    """The same resamples of images and runs for all rows."""

    def __init__(self, images: Sequence[str], resamples: int, seed: int) -> None:
        """images: of the n test pairs, by name; pairs of one image are drawn together."""
        rng = np.random.default_rng(seed)
        place, known = pd.factorize(np.asarray(images))
        count = len(known)
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
        # Floats hold these counts exactly, and their matrix product is many times faster.
        self._pairs = drawn[:, place].astype(np.float64)  # (R, n)
        self._seed, self._resamples = seed, resamples

    def summary(self, row: Runs, metric: str) -> Summary:
        """Mean, standard deviation over runs, and interval of one of `METRICS`."""
        runs = scores(row)[metric]  # (S,)
        low, high = np.percentile(self._resampled(row, metric), _BOUNDS)
        return Summary(float(runs.mean()), spread(runs), float(low), float(high))

    def difference(self, row: Runs, other: Runs, metric: str) -> Difference:
        """How far `row` is above `other`.

        p is twice the smaller share of resamples on one side of zero; each share counts the data
        as one more resample, so that it is never zero.
        """
        gaps = self._resampled(row, metric) - self._resampled(other, metric)  # (R,)
        low, high = np.percentile(gaps, _BOUNDS)
        tail = min(int((gaps <= 0).sum()), int((gaps >= 0).sum()))
        p = min(1.0, 2 * (tail + 1) / (len(gaps) + 1))
        mean = scores(row)[metric].mean() - scores(other)[metric].mean()
        return Difference(float(mean), float(low), float(high), p)

    def _resampled(self, row: Runs, metric: str) -> Floats:
        """The metric's mean over the runs of each resample (R,)."""
        runs = len(row.predicted)
        drawn = np.random.default_rng([self._seed, 1]).integers(
            runs, size=(self._resamples, runs)
        )  # (R, S)
        per_run = np.stack([self._per_run(row, run, metric) for run in range(runs)], 1)  # (R, S)
        means: Floats = np.take_along_axis(per_run, drawn, 1).mean(1)
        return means

    def _per_run(self, row: Runs, run: int, metric: str) -> Floats:
        """The metric of one run on each resample of pairs (R,)."""
        classes = row.probabilities.shape[-1]
        cells = np.eye(classes**2)[row.gold * classes + row.predicted[run]]
        found = []
        for pairs in _folds(row):
            counts = (self._pairs[:, pairs] @ cells[pairs]).reshape(-1, classes, classes)
            found.append(scores_of_counts(counts)[metric])  # (R,)
        means: Floats = np.mean(found, axis=0)
        return means


def scores(row: Runs) -> dict[str, Floats]:
    """Each run's `METRICS` (S,), and its classes' F1 (S, C), as `f1`."""
    names = [str(i) for i in range(row.probabilities.shape[-1])]

    def of_run(gold: Classes, probabilities: Probabilities) -> list[float]:
        found = classification_metrics(gold, probabilities.argmax(-1), names)
        return [found[name] for name in (*METRICS, *(f"f1.{name}" for name in names))]

    table = _per_fold(row, of_run)  # (S, metrics and classes)
    metrics = {name: table[:, i] for i, name in enumerate(METRICS)}
    return metrics | {"f1": table[:, len(METRICS) :]}


def rank_agreements(row: Runs) -> Floats:
    """Each run's Kendall's tau-c (S,), see `rank_agreement`."""
    return _per_fold(row, lambda gold, votes: [rank_agreement(gold, votes)])[:, 0]


def spread(runs: Floats) -> float:
    """The standard deviation over runs (S,); 0 for a single one."""
    return float(runs.std(ddof=1)) if len(runs) > 1 else 0.0


def _per_fold(row: Runs, measure: Callable[[Classes, Probabilities], list[float]]) -> Floats:
    """What is measured of each run (S, M), as a mean over the folds."""
    folds = [
        [measure(row.gold[pairs], run[pairs]) for run in row.probabilities] for pairs in _folds(row)
    ]
    means: Floats = np.mean(folds, axis=0)
    return means


def _folds(row: Runs) -> Iterator[Classes]:
    """The numbers of each fold's pairs."""
    for fold in np.unique(row.folds):
        yield np.flatnonzero(row.folds == fold)
