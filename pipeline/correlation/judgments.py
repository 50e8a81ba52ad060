"""Kendall's correlation of scores with judgments of Flickr8k's captions.

The protocol is that of CLIPScore (Hessel et al., EMNLP 2021, appendix A): every expert's grade is
a judgment of its own, without captions judged beside their own image, and tau-c compares them with
the scores; of the crowd's judgments, tau-b compares the share of yes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import kendalltau
from tqdm import tqdm

from pipeline.corpus.layouts.flickr8k_expert import CrowdJudgment, ExpertJudgment

Floats = npt.NDArray[np.float64]
# A judged caption: its image's name and its id.
Pair = tuple[str, str]
_BOUNDS = (2.5, 97.5)


@dataclass(frozen=True)
class Correlation:
    """Kendall's tau of n judgments with a score, and its 95 % interval over resampled images."""

    judgments: int
    tau: float
    low: float
    high: float


def expert_correlation(
    judgments: Sequence[ExpertJudgment], scores: Mapping[Pair, float], resamples: int = 0
) -> Correlation:
    """Tau-c of every grade with its pair's score, without captions of the image itself.

    resamples: of the bootstrap over images; without any, the interval is (tau, tau).
    """
    lines = [
        (judged.image, grade, scores[judged.image, judged.caption])
        for judged in judgments
        if not judged.is_own
        for grade in judged.grades
    ]
    return _correlation(lines, "c", resamples)


def crowd_correlation(
    judgments: Sequence[CrowdJudgment], scores: Mapping[Pair, float], resamples: int = 0
) -> Correlation:
    """Tau-b of the share of yes with the pair's score; resamples: as in `expert_correlation`."""
    lines = [
        (judged.image, judged.share, scores[judged.image, judged.caption]) for judged in judgments
    ]
    return _correlation(lines, "b", resamples)


def _correlation(
    lines: Sequence[tuple[str, float, float]], variant: str, resamples: int
) -> Correlation:
    """Of lines with the image, the judgment and the score."""
    table = pd.DataFrame(lines, columns=["image", "judgment", "score"])
    judgments, scores = table["judgment"].to_numpy(float), table["score"].to_numpy(float)

    def tau(rows: npt.NDArray[np.int64] | slice) -> float:
        return float(kendalltau(judgments[rows], scores[rows], variant=variant).statistic)

    low = high = whole = tau(slice(None))
    if resamples:
        low, high = np.percentile(_resampled(table["image"], tau, resamples), _BOUNDS).tolist()
    return Correlation(len(table), whole, low, high)


def _resampled(
    images: "pd.Series[str]", tau: Callable[[npt.NDArray[np.int64]], float], resamples: int
) -> Floats:
    """Tau for images drawn with replacement, each with all its lines (resamples,)."""
    rows_of = [rows for _, rows in sorted(images.groupby(images).indices.items())]
    rng = np.random.default_rng(0)
    found = []
    for _ in tqdm(range(resamples), desc="resamples", leave=False):
        drawn = rng.integers(len(rows_of), size=len(rows_of))
        found.append(tau(np.concatenate([rows_of[i] for i in drawn])))
    return np.array(found)
