"""Means over runs, bootstrap intervals, and tests of whether two rows differ.

A score depends on the seed of a run and on the sample of test pairs. Each bootstrap resample draws
both with replacement: n test pairs and S runs. All rows are scored on the same resamples, so that
differences are paired.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.metrics.classification import classification_metrics
from pipeline.metrics.f1 import scores_of_counts
from pipeline.studies.tables.runs import Runs

Floats = npt.NDArray[np.float64]
# Title by name.
METRICS = {"accuracy": "accuracy", "f1_weighted": "weighted F1"}
# Percentiles that bound a 95 % interval.
_BOUNDS = (2.5, 97.5)


@dataclass(frozen=True)
class Summary:
    """One metric of one row, from 0 to 1.

    mean, sd: over the runs. low, high: 95 % interval of the mean over runs and test pairs.
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
    """The same resamples of test pairs and runs for all rows."""

    def __init__(self, pairs: int, resamples: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(pairs, np.full(pairs, 1 / pairs), size=resamples)
        # Floats hold these counts exactly, and their matrix product is many times faster.
        self._pairs = drawn.astype(np.float64)  # (R, n)
        self._seed, self._resamples = seed, resamples

    def summary(self, row: Runs, metric: str) -> Summary:
        """Mean, standard deviation over runs, and interval of `accuracy` or `f1_weighted`."""
        runs = scores(row)[metric]  # (S,)
        low, high = np.percentile(self._resampled(row, metric), _BOUNDS)
        sd = float(runs.std(ddof=1)) if len(runs) > 1 else 0.0
        return Summary(float(runs.mean()), sd, float(low), float(high))

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
        counts = (self._pairs @ cells).reshape(-1, classes, classes)  # (R, actual, predicted)
        return scores_of_counts(counts)[metric]


def scores(row: Runs) -> dict[str, Floats]:
    """Each run's accuracy and weighted F1, (S,), and its classes' F1, (S, C), as `f1`."""
    names = [str(i) for i in range(row.probabilities.shape[-1])]
    runs = [classification_metrics(row.gold, predicted, names) for predicted in row.predicted]
    metrics: dict[str, Floats] = {name: np.array([run[name] for run in runs]) for name in METRICS}
    return metrics | {"f1": np.array([[run[f"f1.{name}"] for name in names] for run in runs])}
