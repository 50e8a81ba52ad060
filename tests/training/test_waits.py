"""A training step never waits for a GPU, but for the guard's look every ten steps.

What goes to the device is stood for by a kind of tensor that notes when its values are asked for.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.initialisation.ananet import new_ananet
from pipeline.matching.data.data import MatchingData
from pipeline.matching.data.models import new_model
from pipeline.matching.training.training import MatchingTask
from pipeline.models.classifier import features_of
from pipeline.models.correspondence_memory import CorrespondenceMemory
from pipeline.models.layers import last_state, recurrent_states
from pipeline.pretraining.training import PretrainingTask, new_matcher
from pipeline.search.training.loop import RankingTask
from pipeline.studies.baselines import Standardized, _sizes
from pipeline.training.task import Task
from tests.matching.tiny_matching import collect_captions, matching_params, write_precomp
from tests.models.tiny_baselines import PARAMS
from tests.pretraining.test_training import WIDTHS, pretrain_params
from tests.search import tiny as tiny_search
from tests.search.training.test_loop import drawn_features
from tests.tiny import tiny_params
from tests.tiny_corpus import load, tiny_corpus
from tests.training.waits import OnDevice, put_on_device, waits_of_an_epoch

MASK = torch.tensor([[True, True, False], [True, True, True]])
VALUES = torch.arange(6.0).view(2, 3)
GRU = torch.nn.GRU(1, 2, batch_first=True)


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.sum().item(),
        lambda x: x.tolist(),
        lambda x: x.cpu(),
        lambda x: x.detach().numpy(),
        lambda x: int(x.max()),
        lambda x: float(x.max()),
        lambda x: bool(x.any()),
        lambda x: x.max() > 1 or 0,
        lambda x: x.nonzero(),
        lambda x: torch.unique(x),
        lambda x: torch.masked_select(x, x > 1),
        lambda x: x[x > 1],
        lambda x: x.clone().__setitem__(x > 1, 0.0),
        lambda x: [0, 1, 2, 3, 4, 5][x.long()[0, 0]],
        lambda x: recurrent_states(GRU, x.unsqueeze(-1), MASK.as_subclass(OnDevice)),
        lambda x: last_state(GRU, x.unsqueeze(-1), MASK.as_subclass(OnDevice)),
    ],
)
def test_who_asks_is_noted(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_device(monkeypatch)
    ask(VALUES.as_subclass(OnDevice))
    assert OnDevice.waits


@pytest.mark.parametrize("network", [recurrent_states, last_state])
def test_lengths_on_the_host_spare_asking(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = network(GRU, VALUES.unsqueeze(-1), MASK)
    put_on_device(monkeypatch)
    words: Tensor = VALUES.as_subclass(OnDevice)
    found = network(GRU, words.unsqueeze(-1), MASK.as_subclass(OnDevice), torch.tensor([2, 3]))
    assert OnDevice.waits == []
    assert isinstance(found, OnDevice)
    assert torch.equal(found.as_subclass(Tensor), expected)


def assert_no_waits(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = -(-task.steps // 10)
    assert looks > 1
    assert waits_of_an_epoch(task, monkeypatch) == ["cpu"] * looks


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model.scenes": "scenes.h5", "model.vote_norm": "batch"},
        {"model.mask_padding": False, "model.streams": "none"},
        {"alignment.summary": True, "association.product": True, "loss.classification": "focal"},
    ],
    ids=["default", "scenes", "padding", "summaries"],
)
def test_ananet(changes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = tiny_params({"train.batch_size": 4, **WIDTHS, **changes})
    features = tiny_corpus().features(tmp_path, {**WIDTHS, **changes})
    task = ClassificationTask(new_ananet(params, features), features, params.train)
    assert_no_waits(task, monkeypatch)


@pytest.mark.parametrize("kind", PARAMS)
def test_baselines(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = tiny_params({"train.batch_size": 4})
    tiny_corpus().write(tmp_path)
    features = load(tmp_path, params.model, features_of(kind))
    widths = kind.params_type.model_validate(PARAMS[kind])
    model = Standardized(kind(widths, _sizes(params, features)), features)
    assert_no_waits(ClassificationTask(model, features, params.train), monkeypatch)


@pytest.mark.parametrize("temperature", [0.0, 0.2])
def test_pretraining(temperature: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = {"train.drop_regions": 0.3, "train.drop_words": 0.1, "train.batch_size": 4}
    params = pretrain_params({"loss.target_temperature": temperature, **dropped})
    features = tiny_corpus().features(tmp_path, WIDTHS)
    memory = CorrespondenceMemory(len(features.rows("train")), params.correction)
    matcher = new_matcher(features, tiny_params(WIDTHS))
    assert_no_waits(PretrainingTask(matcher, features, params, memory, 0), monkeypatch)


@pytest.mark.parametrize("member", ["vse_infinity", "scan", "saf", "sgr"])
@pytest.mark.parametrize("loss", ["active_complementary", "complementary"])
def test_matching(member: Any, loss: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_precomp(tmp_path)
    params = matching_params(
        {
            "corpus.folder": str(tmp_path),
            "train.batch_size": 16,
            "train.drop_words": 0.3,
            "train.drop_regions": 0.3,
            "loss.name": loss,
        }
    )
    data = MatchingData.load(collect_captions(params), params, tmp_path)
    model = new_model(member, data, params.model, params.text.width)
    memory = CorrespondenceMemory(len(data.splits["train"].ids), params.correction)
    assert_no_waits(MatchingTask(model, data, params, memory, 0), monkeypatch)


@pytest.mark.parametrize("modalities", ["amc", "late_fusion"])
def test_search(modalities: str, monkeypatch: pytest.MonkeyPatch) -> None:
    params = tiny_search.tiny_params(train={"batch_size": 2})
    model = tiny_search.tiny_model("gru", modalities=modalities)
    assert_no_waits(RankingTask(model, drawn_features(), params), monkeypatch)
