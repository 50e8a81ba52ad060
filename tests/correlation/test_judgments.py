"""Correlations with judgments, against counts of concordant and discordant pairs."""

from itertools import combinations

import numpy as np
import pytest

from pipeline.corpus.layouts.flickr8k_expert import CrowdJudgment, ExpertJudgment
from pipeline.correlation.judgments import Pair, crowd_correlation, expert_correlation

IMAGES = [f"{i}.jpg" for i in range(8)]
RNG = np.random.default_rng(3)
SCORES: dict[Pair, float] = {
    (image, f"{source}#0"): float(RNG.integers(6)) for image in IMAGES for source in IMAGES
}


def experts() -> list[ExpertJudgment]:
    rng = np.random.default_rng(5)
    return [
        ExpertJudgment(image, caption, "A text .", 1, tuple(rng.integers(1, 5, 3).tolist()))
        for image, caption in SCORES
    ]


def crowd() -> list[CrowdJudgment]:
    shares = np.random.default_rng(6).integers(0, 4, len(SCORES)) / 3
    return [
        CrowdJudgment(*pair, "A text .", 1, share, round(3 * share), 3 - round(3 * share))
        for pair, share in zip(SCORES, shares.tolist(), strict=True)
    ]


def balance(lines: list[tuple[float, float]]) -> tuple[int, int, int]:
    """Concordant minus discordant pairs, and pairs that are not tied in either of the two."""
    gap = first = second = 0
    for (a, b), (c, d) in combinations(lines, 2):
        gap += int(np.sign(a - c) * np.sign(b - d))
        first += a != c
        second += b != d
    return gap, first, second


def test_every_grade_counts_but_not_those_of_own_captions() -> None:
    found = expert_correlation(experts(), SCORES)
    lines = [
        (float(grade), SCORES[each.image, each.caption])
        for each in experts()
        if not each.caption.startswith(each.image)
        for grade in each.grades
    ]
    assert found.judgments == len(lines) == 3 * 8 * 7
    gap, n = balance(lines)[0], len(lines)
    levels = min(len({a for a, _ in lines}), len({b for _, b in lines}))
    assert found.tau == pytest.approx(2 * gap / (n**2 * (levels - 1) / levels))


def test_the_crowd_is_compared_by_its_share_of_yes() -> None:
    found = crowd_correlation(crowd(), SCORES)
    gap, first, second = balance([(e.share, SCORES[e.image, e.caption]) for e in crowd()])
    assert found.tau == pytest.approx(gap / (first * second) ** 0.5)
    assert found.judgments == len(SCORES)


def test_interval_holds_the_tau_and_is_the_same_again() -> None:
    found = expert_correlation(experts(), SCORES, resamples=100)
    assert found.low < found.tau < found.high
    assert found == expert_correlation(experts(), SCORES, resamples=100)
    plain = expert_correlation(experts(), SCORES)
    assert plain.low == plain.high == plain.tau == found.tau


def test_scores_that_are_the_grades_agree_best() -> None:
    grades = {(e.image, e.caption): float(e.grades[0]) for e in experts()}
    same = [
        ExpertJudgment(e.image, e.caption, e.text, e.line, (e.grades[0],) * 3) for e in experts()
    ]
    assert expert_correlation(same, grades).tau > 0.9
