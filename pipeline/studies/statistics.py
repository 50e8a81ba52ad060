"""Means over runs, how far they may be off, and whether two rows differ.

Two things make a figure uncertain: the seed of a run, and which pairs the test split happens to
hold. The bootstrap here draws both anew: in each resample, n test pairs and S runs with
replacement. All rows are judged on the same resamples, so that differences are paired by pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.studies.runs import Judged
from pipeline.training.metrics import classification_metrics

Floats = npt.NDArray[np.float64]
METRICS = ("accuracy", "f1_weighted")
# The share of resamples below and above a 95 % interval, in percent.
_TAILS = (2.5, 97.5)


@dataclass(frozen=True)
class Summary:
    """One figure of one row, from 0 to 1.

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
    """The same resamples of test pairs and runs for every row that is asked about."""

    def __init__(self, pairs: int, resamples: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._pairs = rng.multinomial(pairs, np.full(pairs, 1 / pairs), size=resamples)  # (R, n)
        self._seed, self._resamples = seed, resamples

    def summary(self, row: Judged, metric: str) -> Summary:
        """Mean, standard deviation over runs, and interval of `accuracy` or `f1_weighted`."""
        runs = scores(row)[metric]  # (S,)
        low, high = np.percentile(self._resampled(row, metric), _TAILS)
        sd = float(runs.std(ddof=1)) if len(runs) > 1 else 0.0
        return Summary(float(runs.mean()), sd, float(low), float(high))

    def difference(self, row: Judged, other: Judged, metric: str) -> Difference:
        """How far `row` is above `other`.

        p is twice the smaller share of resamples on one side of zero, each share counted with
        the data as one resample more, so that it is never zero.
        """
        gaps = self._resampled(row, metric) - self._resampled(other, metric)  # (R,)
        low, high = np.percentile(gaps, _TAILS)
        tail = min(int((gaps <= 0).sum()), int((gaps >= 0).sum()))
        p = min(1.0, 2 * (tail + 1) / (len(gaps) + 1))
        mean = scores(row)[metric].mean() - scores(other)[metric].mean()
        return Difference(float(mean), float(low), float(high), p)

    def _resampled(self, row: Judged, metric: str) -> Floats:
        """The metric's mean over the runs of each resample (R,)."""
        runs = len(row.predicted)
        drawn = np.random.default_rng([self._seed, 1]).integers(
            runs, size=(self._resamples, runs)
        )  # (R, S)
        per_run = np.stack([self._per_run(row, run, metric) for run in range(runs)], 1)  # (R, S)
        means: Floats = np.take_along_axis(per_run, drawn, 1).mean(1)
        return means

    def _per_run(self, row: Judged, run: int, metric: str) -> Floats:
        """The metric of one run on each resample of pairs (R,)."""
        gold, predicted = row.gold, row.predicted[run]
        if metric == "accuracy":
            hits: Floats = self._pairs @ (gold == predicted) / len(gold)
            return hits
        one_hot = np.eye(row.probabilities.shape[-1], dtype=np.int64)
        of_gold, of_predicted = one_hot[gold], one_hot[predicted]  # (n, C)
        actual = self._pairs @ of_gold  # (R, C)
        both = self._pairs @ (of_gold * of_predicted)
        f1 = 2 * both / np.maximum(actual + self._pairs @ of_predicted, 1)
        weighted: Floats = (f1 * actual).sum(1) / len(gold)
        return weighted


def scores(row: Judged) -> dict[str, Floats]:
    """Each run's accuracy and weighted F1, (S,), and its classes' F1, (S, C), as `f1`."""
    names = [str(i) for i in range(row.probabilities.shape[-1])]
    found = [classification_metrics(row.gold, predicted, names) for predicted in row.predicted]
    own: dict[str, Floats] = {name: np.array([run[name] for run in found]) for name in METRICS}
    return own | {"f1": np.array([[run[f"f1.{name}"] for name in names] for run in found])}


def shared_pairs(rows: Mapping[str, Judged]) -> int:
    """The number of test pairs, which all rows must share."""
    (pairs,) = {len(row.gold) for row in rows.values()}
    return pairs
