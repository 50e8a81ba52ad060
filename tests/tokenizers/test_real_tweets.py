"""Real tweets with their images: MVSA-Single in CCD's layout, below the folder REAL_DATA."""

import os
from pathlib import Path

import pytest

from pipeline.corpus.checks.prepare import PreparedCorpus, prepare_corpus
from pipeline.images.source import ImageSource
from tests.corpus.small_corpus import corpus_params, prepare_params

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("REAL_DATA" not in os.environ, reason="REAL_DATA names no folder"),
]
LABELS = ["negative", "neutral", "positive"]


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(os.environ["REAL_DATA"]) / "mvsa"


@pytest.fixture(scope="module", params=["glove_ruby", "glove_fixed", "plain"])
def prepared(request: pytest.FixtureRequest, folder: Path) -> PreparedCorpus:
    params = corpus_params(folder, labels=LABELS)
    return prepare_corpus(params, prepare_params(tokenizer=request.param))


def test_every_pair_is_there(prepared: PreparedCorpus) -> None:
    totals = {split: counts["total"] for split, counts in prepared.report["pairs"].items()}

    assert totals == {"train": 3611, "dev": 450, "test": 450}


def test_every_image_is_read(prepared: PreparedCorpus, folder: Path) -> None:
    assert prepared.report["images"]["ok"] == 4511
    assert set(prepared.images["status"]) == {"ok"}
    assert prepared.images[["width", "height"]].max().max() == 256
    assert prepared.report["images"]["in_two_splits"]["train_test"] == 8
    with ImageSource.open(folder / "image.zip") as source:
        assert set(prepared.images["name"]) <= set(source.names())


def test_every_tweet_has_words(prepared: PreparedCorpus) -> None:
    lengths = prepared.texts["words"].map(len)

    assert prepared.report["texts"]["empty"] == 0
    assert 8 < lengths.mean() < 40
    assert lengths.max() <= 100
