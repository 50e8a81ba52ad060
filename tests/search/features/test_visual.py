"""Moments and means of visual features, over the regions that are there."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.features.store import SceneFeatures
from pipeline.search.features.visual import Visual

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(3, 2, (300, 4, 5)).astype(np.float16)
MASK = RNG.random((300, 4)) < 0.7


@pytest.fixture
def visual() -> Visual:
    MASK[7] = False
    keys = np.array([b"k"] * 300)
    status = np.zeros(300, np.uint8)
    scenes = SceneFeatures(Path("scenes.h5"), keys, {}, VECTORS[:, 0], VECTORS, status, (2, 2))
    return Visual("scenes", scenes, VECTORS, MASK)


def test_moments_are_those_of_the_regions_there_are(visual: Visual) -> None:
    rows = np.arange(0, 300, 2)
    mean, spread = visual.moments(rows)
    there = VECTORS[rows][MASK[rows]].astype(np.float64)
    np.testing.assert_allclose(mean, there.mean(0), rtol=1e-4)
    np.testing.assert_allclose(spread, there.std(0), rtol=1e-4)


def test_means_by_loop_and_zero_without_regions(visual: Visual) -> None:
    rows = np.array([7, 0, 299, 3])
    found = visual.means(rows)
    for i, row in enumerate(rows):
        own = VECTORS[row][MASK[row]].astype(np.float64)
        np.testing.assert_allclose(found[i], own.mean(0) if len(own) else np.zeros(5), atol=1e-5)
    assert visual.means(rows[:0]).shape == (0, 5)
