"""What is trained from files is what is trained from memory, as far as it fits there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.dataset.arrays import FeatureFiles
from pipeline.dataset.pairs import PairFeatures
from pipeline.features import batches
from pipeline.features.mapping import is_mapped
from pipeline.initialisation.ananet import new_ananet
from pipeline.matching.data.data import MatchingData
from pipeline.matching.training.training import train_member
from pipeline.pretraining.training import pretrain
from pipeline.search.data.data import ImageFeatures, SearchFeatures
from pipeline.search.training.loop import RankingTask
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Log
from tests.matching.tiny_matching import collect_captions, matching_params, write_precomp
from tests.pretraining.test_training import WIDTHS, pretrain_params
from tests.search import tiny as tiny_search
from tests.search.training.test_loop import drawn_features
from tests.tiny import tiny_params
from tests.tiny_corpus import LABELS, load, read, tiny_corpus
from tests.training.resuming import assert_goes_on

LITTLE = 1
PARAMS = tiny_params({**WIDTHS, "train.epochs": 4, "train.batch_size": 8, "train.lr": 0.01})
NO_LOG: Log = lambda epoch, figures: None  # noqa: E731

Weights = dict[str, Tensor]


def ananet(features: PairFeatures, log: Log = NO_LOG, checkpoint: Any = None) -> nn.Module:
    seed_everything(0)
    model = new_ananet(PARAMS, features)
    task = ClassificationTask(model, features, PARAMS.train)
    fit(task, log, checkpoint, progress=False)
    return model


def assert_same(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_mapped_features_train_what_features_in_memory_do(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    mapped = corpus.features(tmp_path)
    regions, glove, bert = read(tmp_path)
    assert is_mapped(regions.features)
    inside = FeatureFiles(
        [replace(file, vectors=np.array(file.vectors)) for file in (glove, bert)],
        replace(regions, features=np.array(regions.features)),
    )
    features = PairFeatures.join(corpus.pairs, LABELS, inside, PARAMS.model.region_order)
    assert_same(ananet(mapped).state_dict(), ananet(features).state_dict())


def of_ananet(folder: Path, memory: int | None) -> Weights:
    tiny_corpus().write(folder)
    return ananet(load(folder, PARAMS.model, memory=memory)).state_dict()


def of_pretraining(folder: Path, memory: int | None) -> Weights:
    tiny_corpus().write(folder)
    features = load(folder, PARAMS.model, memory=memory)
    params = pretrain_params({"loss.target_temperature": 0.2})
    return pretrain(features, params, PARAMS, NO_LOG).matcher.state_dict()


def of_matching(folder: Path, memory: int | None) -> Weights:
    write_precomp(folder)
    changes = {"corpus.folder": str(folder), "train.drop_words": 0.2, "train.batch_size": 8}
    params = matching_params(changes)
    seed_everything(0)
    data = MatchingData.load(collect_captions(params), params, folder, memory=memory)
    return train_member("vse_infinity", data, params, NO_LOG).model.state_dict()


def of_search(folder: Path, memory: int | None) -> Weights:
    drawn = drawn_features()
    images = drawn.images
    keywords = [images.keywords_of(image) for image in range(len(images))]
    read_with = ImageFeatures(images.keys, images.visual, keywords, memory)
    features: SearchFeatures = replace(drawn, images=read_with)
    seed_everything(0)
    model = tiny_search.tiny_model("gru")
    params = tiny_search.tiny_params(train={"batch_size": 2, "lr": 0.01})
    fit(RankingTask(model, features, params), NO_LOG, progress=False)
    return model.state_dict()


@pytest.mark.parametrize("train", [of_ananet, of_pretraining, of_matching, of_search])
def test_files_that_exceed_the_memory_train_the_same_model_each_time(
    train: Callable[[Path, int | None], Weights],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "_ROWS_PER_BLOCK", 4)  # so that there are some
    found, again = (train(tmp_path, LITTLE) for _ in range(2))
    assert_same(found, again)
    inside = train(tmp_path, None)  # from batches of any rows
    assert any(not torch.equal(found[name], inside[name]) for name in found)


def test_a_training_in_blocks_goes_on_after_any_epoch(tmp_path: Path) -> None:
    tiny_corpus().write(tmp_path)
    features = load(tmp_path, PARAMS.model, memory=LITTLE)

    def train(log: Log, checkpoint: Checkpoint | None) -> nn.Module:
        return ananet(features, log, checkpoint)

    assert_goes_on(train, tmp_path)


def test_a_training_in_blocks_learns(tmp_path: Path) -> None:
    tiny_corpus().write(tmp_path)
    scores: dict[str, list[float]] = {"train/loss": []}

    def log(epoch: int, figures: Any) -> None:
        scores["train/loss"].append(figures["train/loss"])

    ananet(load(tmp_path, PARAMS.model, memory=LITTLE), log)
    losses = pd.Series(scores["train/loss"])
    assert losses.iloc[-1] < 0.8 * losses.iloc[0]
