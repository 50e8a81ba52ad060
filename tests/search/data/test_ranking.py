"""Ranking a split, against scoring each query and image by itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.features.store import GloveFeatures, SceneFeatures
from pipeline.metrics.ranking import Ranking
from pipeline.models.search.amc import fused
from pipeline.params.search import EvaluateParams
from pipeline.search.data.data import ImageFeatures, SearchFeatures
from pipeline.search.data.ranking import Index, by_image, images_to, rank_split
from pipeline.search.features.visual import Visual
from pipeline.search.training.loop import TrainBatches
from tests.search.tiny import D_V, D_W, WORDS, tiny_model

IMAGES, QUERIES = 700, 60


@pytest.fixture(scope="module")
def features() -> SearchFeatures:
    """More images and queries than are taken at once; query i clicked image i three times, and
    was shown the next one."""
    rng = np.random.default_rng(0)
    image_keys = [f"p{i}" for i in range(IMAGES)]
    query_keys = [f"q{i}" for i in range(QUERIES)]
    vectors = rng.normal(size=(IMAGES, 4, D_V)).astype(np.float16)
    scenes = SceneFeatures(
        Path("scenes.h5"),
        np.array(image_keys, "S64"),
        {},
        vectors[:, 0],
        vectors,
        np.zeros(IMAGES, np.uint8),
        (2, 2),
    )
    glove = GloveFeatures(
        Path("glove.h5"),
        np.array(query_keys, "S64"),
        {},
        [str(i) for i in range(20)],
        rng.normal(size=(20, D_W)).astype(np.float32),
        np.ones(20, np.bool_),
        rng.integers(20, size=3 * QUERIES).astype(np.int32),
        np.arange(0, 3 * QUERIES + 1, 3),
    )
    keywords = [rng.integers(WORDS, size=i % 4) for i in range(IMAGES)]
    visual = Visual("scenes", scenes, vectors, np.ones((IMAGES, 4), np.bool_))
    queries = pd.DataFrame(
        [
            (split, f"q{i}", f"p{i + j}", 3 - 3 * j)
            for split in ("train", "test")
            for i in range(QUERIES)
            for j in (0, 1)
        ],
        columns=["split", "query_key", "image_key", "clicks"],
    )
    extra = pd.DataFrame({"split": "test", "query_key": "q0", "image_key": image_keys[100:]})
    queries = pd.concat([queries, extra.assign(clicks=0)], ignore_index=True)
    return SearchFeatures.of(queries, glove, ImageFeatures(image_keys, visual, keywords))


def judged(features: SearchFeatures, **changes: str) -> tuple[np.ndarray, Ranking]:
    values = {"candidates": "all", "gain": "binary", "without_relevant": "skip", **changes}
    return rank_split(tiny_model(), features, "test", EvaluateParams.model_validate(values))


def alone(features: SearchFeatures, query: int, image: int) -> float:
    model = tiny_model()
    encoded = model.encode(images_to(features.images.gather(np.array([image])), model))
    return fused(model(*features.words.gather(np.array([query])), encoded)).scores.item()


def test_all_images_of_the_split_are_ranked(features: SearchFeatures) -> None:
    queries, ranking = judged(features)
    images = np.unique(features.split("test")["image"])
    assert ranking.scores.shape == (QUERIES, len(images)) == ranking.gain.shape
    assert ranking.candidate.all()
    assert queries.tolist() == [*range(QUERIES)]
    for query, column in ((0, 0), (3, len(images) - 1), (QUERIES - 1, 300)):
        expected = alone(features, query, int(images[column]))
        assert ranking.scores[query, column] == pytest.approx(expected, abs=1e-5)
    assert ranking.gain.sum() == QUERIES
    assert (ranking.gain[range(QUERIES), range(QUERIES)] == 1).all()


def test_listed_are_a_query_s_own_images(features: SearchFeatures) -> None:
    _, ranking = judged(features, candidates="listed", gain="clicks")
    assert ranking.candidate.sum(1).tolist() == [2 + 600] + [2] * (QUERIES - 1)
    assert ranking.gain[5, :2].tolist() == [3, 0]
    assert ranking.scores[5, 1] == pytest.approx(alone(features, 5, 6), abs=1e-5)


def test_an_index_in_parts_scores_as_one(features: SearchFeatures) -> None:
    index = Index.of(tiny_model(), features.images, np.arange(IMAGES))
    asked = features.words.gather(np.array([4, 2]))
    whole = index.correlate(*asked).scores.numpy()
    np.testing.assert_allclose(index.scores(*asked), whole, atol=1e-6)


def test_a_train_batch_is_of_clicked_lines_and_knows_what_is_relevant(
    features: SearchFeatures,
) -> None:
    batches = TrainBatches(features, 16, seed=0)
    epoch = batches.epoch()
    assert sorted(np.concatenate(epoch)) == [*range(QUERIES)]
    assert (batches.query == batches.image).all()
    relevant = batches.relevant(np.array([3, 9]), np.array([9, 3, 4]))
    assert relevant.tolist() == [[False, True, False], [True, False, False]]
    other = TrainBatches(features, 16, seed=0).epoch()
    assert all((a == b).all() for a, b in zip(epoch, other, strict=True))


@pytest.mark.parametrize("candidates", ["all", "listed"])
def test_images_rank_queries_by_the_same_scores(features: SearchFeatures, candidates: str) -> None:
    queries, ranking = judged(features, candidates=candidates)
    values = {"candidates": candidates, "gain": "binary", "without_relevant": "skip"}
    found = by_image(features, "test", ranking, EvaluateParams.model_validate(values))
    lines = features.split("test")
    images = np.unique(lines["image"])
    assert found.scores.shape == (len(images), len(queries))
    listed = set(zip(lines["image"], lines["query"], strict=True))
    for row, image in enumerate(images[:70].tolist()):
        for column, query in enumerate(queries.tolist()):
            candidate = candidates == "all" or (image, query) in listed
            assert found.candidate[row, column] == candidate
            # Query i clicked image i.
            assert (found.gain[row, column] > 0) == (candidate and image == query)
            if candidate and column < 5:
                expected = alone(features, query, image)
                assert found.scores[row, column] == pytest.approx(expected, abs=1e-5)
