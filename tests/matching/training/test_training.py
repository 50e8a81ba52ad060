"""Training learns, separates wrong pairs from right ones, and resumes after a kill."""

import os
import signal
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.errors import UserError
from pipeline.matching.audit import estimate_correspondence
from pipeline.matching.data.data import MatchingData
from pipeline.matching.data.evaluation import (
    evaluate_correspondence,
    evaluate_retrieval,
    similarity_matrix,
)
from pipeline.matching.training.training import TrainedMembers, train_member, train_members
from pipeline.params.matching import MatchingParams
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Log
from tests.matching.tiny_matching import SIZES, collect_captions, matching_params, write_precomp
from tests.training.resuming import assert_goes_on

History = dict[int, dict[str, float]]

# Images of the same things are each other's negatives: in small batches there are few of them.
FEW_NEGATIVES = {"train.batch_size": 16, "train.decay_every": 30, "loss.temperature": 0.2}

# Beside a warm-up of one epoch each.
STAGES = {"train.stages": [2, 2]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_precomp(tmp_path_factory.mktemp("corpus") / "f30k_precomp")


def load(folder: Path, changes: dict[str, Any]) -> tuple[MatchingData, MatchingParams]:
    params = matching_params({"corpus.folder": str(folder), **changes})
    captions = collect_captions(params)
    return MatchingData.load(captions, params, folder), params


class KilledError(Exception):
    """Stands for a kill between two epochs."""


def train(
    folder: Path, checkpoints: Path, changes: dict[str, Any] | None = None, kill_after: int = 99
) -> tuple[TrainedMembers, History]:
    data, params = load(folder, changes or {})
    history: History = {}

    def log(epoch: int, figures: Mapping[str, float]) -> None:
        history.setdefault(epoch, {}).update(figures)
        if len(history) == kill_after:
            raise KilledError

    return train_members(data, params, log, checkpoints), history


@pytest.mark.parametrize("loss", ["active_complementary", "infonce", "hinge", "complementary"])
def test_learns_from_right_pairs(folder: Path, tmp_path: Path, loss: str) -> None:
    changes = {"noise.rate": 0.0, "loss.name": loss, **FEW_NEGATIVES, "train.stages": [8]}
    trained, history = train(folder, tmp_path, changes)
    data, _ = load(folder, changes)
    assert evaluate_retrieval(trained.models, data.splits["test"], 0)["rsum"] > 250
    assert history[1]["dev/rsum"] < 0.9 * trained.members["vse_infinity"].dev_rsum


def test_memory_separates_wrong_pairs_from_right_ones(folder: Path, tmp_path: Path) -> None:
    whole = {"train.drop_words": 0.0, "train.drop_regions": 0.0}
    changes = {"noise.rate": 0.4, **FEW_NEGATIVES, **whole, "train.stages": [6, 12]}
    trained, _ = train(folder, tmp_path, changes)
    captions = collect_captions(matching_params({"corpus.folder": str(folder), **changes}))
    found = evaluate_correspondence(trained.correspondence, captions.wrong)
    assert found["correspondence_auc"] > 0.9
    assert found["noise_rate"] == captions.wrong.mean()
    # So can the models themselves, which an audit asks about what the memory has forgotten.
    data, params = load(folder, changes)
    estimate = estimate_correspondence(trained.models, data.splits["train"], params)
    assert evaluate_correspondence(estimate, captions.wrong)["correspondence_auc"] > 0.9


def test_an_estimate_depends_on_the_batch(folder: Path, tmp_path: Path) -> None:
    trained, _ = train(folder, tmp_path, {"train.stages": [1]})
    data, params = load(folder, {"train.batch_size": SIZES["train"]})
    split = data.splits["train"]
    matrix = similarity_matrix(trained.models, split)[split.image] / params.loss.temperature
    odds = np.exp(matrix.astype(np.float64))
    expected = [
        (odds[i, i] / odds[i].sum() + odds[i, i] / odds[:, i].sum()) / 2 for i in range(len(odds))
    ]
    found = estimate_correspondence(trained.models, split, params)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def train_until_killed(folder: Path, checkpoints: Path, epoch: int) -> None:
    """Train in a process that is killed for good when an epoch is logged."""
    torch.set_num_threads(1)  # as in the process of the tests: sums depend on it
    data, params = load(folder, STAGES)

    def log(number: int, figures: Mapping[str, float]) -> None:
        if number == epoch:
            os.kill(os.getpid(), signal.SIGKILL)

    train_members(data, params, log, checkpoints)


def test_goes_on_after_sigkill_as_if_there_had_been_none(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    expected, history = train(folder, tmp_path / "straight", STAGES)
    for epoch, stages in ((1, 1), (4, 2)):  # they have three epochs each
        arguments = folder, tmp_path / "killed", epoch
        child = get_context("spawn").Process(target=train_until_killed, args=arguments)
        child.start()
        child.join(300)
        assert child.exitcode == -signal.SIGKILL
        assert len([*(tmp_path / "killed").iterdir()]) == stages
    found, again = train(folder, tmp_path / "killed", STAGES)
    assert again == history
    assert_same(found, expected)


def test_goes_on_after_any_epoch(folder: Path, tmp_path: Path) -> None:
    changes = {"model.name": "saf", "model.dropout": 0.2, "train.stages": [1, 1]}
    changes |= {"noise.rate": 0.3, "train.batch_size": 48}
    data, params = load(folder, changes)

    def train_saf(log: Log, checkpoint: Checkpoint | None) -> nn.Module:
        seed_everything(0)
        checkpoints = checkpoint.path.with_suffix("") if checkpoint else None
        return train_member("saf", data, params, log, checkpoints).model

    assert_goes_on(train_saf, tmp_path)


def test_several_models_go_on_where_the_first_of_them_was(folder: Path, tmp_path: Path) -> None:
    changes = {"model.name": "sgraf", "train.stages": [1, 1], "train.batch_size": 16}
    expected, history = train(folder, tmp_path / "straight", changes)
    assert {"saf/dev/rsum", "sgr/dev/rsum"} <= history[4].keys()
    for kill_after in (2, 3):  # just before the last stage, and within it
        checkpoints = tmp_path / str(kill_after)
        with pytest.raises(KilledError):
            train(folder, checkpoints, changes, kill_after)
        found, again = train(folder, checkpoints, changes)
        assert again == history
        assert_same(found, expected)


def assert_same(found: TrainedMembers, expected: TrainedMembers) -> None:
    """The same weights to the last bit, and the same memory."""
    for one, other in zip(expected.models, found.models, strict=True):
        for key, x in one.state_dict().items():
            assert torch.equal(x, other.state_dict()[key]), key
    np.testing.assert_array_equal(found.correspondence, expected.correspondence)


def test_a_checkpoint_of_another_training_is_left_aside(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KilledError):
        train(folder, tmp_path / "one", {"train.lr": 0.5}, kill_after=2)
    _, history = train(folder, tmp_path / "one")
    assert "belongs to another training" in capsys.readouterr().out
    assert history == train(folder, tmp_path / "other")[1]


def test_each_stage_begins_anew(folder: Path, tmp_path: Path) -> None:
    """With a rate of zero a model stays as it was drawn: the stages' are different ones."""
    still = {"train.lr": 1e-30, "train.drop_words": 0.0, "train.drop_regions": 0.0}
    _, history = train(folder, tmp_path, {**still, "model.name": "scan"})
    rsums = [history[epoch]["dev/rsum"] for epoch in range(1, 6)]
    assert rsums[0] == rsums[1] != rsums[2] == rsums[3] == rsums[4]


def test_test_split_is_not_touched(folder: Path, tmp_path: Path) -> None:
    data, params = load(folder, {})
    del data.splits["test"]
    train_members(data, params, lambda epoch, figures: None)


def test_stops_at_a_loss_that_is_not_finite(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"epoch 1, step .*train-"):
        train(folder, tmp_path, {"train.lr": 1e30, "loss.name": "infonce"})
