"""A training of AMC that was killed ends as it would have without."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch import nn

from pipeline.features.store import GloveFeatures, SceneFeatures
from pipeline.search.data.data import ImageFeatures, SearchFeatures
from pipeline.search.features.visual import Visual
from pipeline.search.training.loop import RankingTask
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Log
from tests.search.tiny import D_V, D_W, WORDS, tiny_model, tiny_params
from tests.training.resuming import assert_goes_on

IMAGES, QUERIES, REGIONS = 50, 40, 4


def drawn_features(keyword: int = 1) -> SearchFeatures:
    """Query i of each split clicked image i; each image has one keyword."""
    rng = np.random.default_rng(0)
    image_keys, query_keys = ([f"{x}{i}" for i in range(IMAGES)] for x in "pq")
    vectors = rng.normal(size=(IMAGES, REGIONS, D_V)).astype(np.float16)
    names, status = np.array(image_keys, "S64"), np.zeros(IMAGES, np.uint8)
    scenes = SceneFeatures(Path("scenes.h5"), names, {}, vectors[:, 0], vectors, status, (2, 2))
    glove = GloveFeatures(
        Path("glove.h5"),
        np.array(query_keys, "S64"),
        {},
        [str(i) for i in range(20)],
        rng.normal(size=(20, D_W)).astype(np.float32),
        np.ones(20, np.bool_),
        rng.integers(20, size=3 * IMAGES).astype(np.int32),
        np.arange(0, 3 * IMAGES + 1, 3),
    )
    lines = [
        (split, f"q{i}", f"p{i}", 1) for split in ("train", "dev", "test") for i in range(QUERIES)
    ]
    queries = pd.DataFrame(lines, columns=["split", "query_key", "image_key", "clicks"])
    visual = Visual("scenes", scenes, vectors, np.ones((IMAGES, REGIONS), np.bool_))
    keywords = [np.array([i % WORDS]) for i in range(IMAGES)]
    keywords[0][0] = keyword
    return SearchFeatures.of(queries, glove, ImageFeatures(image_keys, visual, keywords))


@pytest.mark.parametrize("encoder", ["mean", "gru"])
def test_goes_on_after_any_epoch(encoder: str, tmp_path: Path) -> None:
    params = tiny_params(train={"epochs": 4, "lr": 0.01}, query={"encoder": encoder})
    features = drawn_features()

    def train(log: Log, checkpoint: Checkpoint | None) -> nn.Module:
        seed_everything(params.train.seed)
        model = tiny_model(encoder)
        fit(RankingTask(model, features, params), log, checkpoint, progress=False)
        return model

    assert_goes_on(train, tmp_path)


def test_features_know_what_they_are_of() -> None:
    assert drawn_features().digest == drawn_features().digest != drawn_features(keyword=2).digest
