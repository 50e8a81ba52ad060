"""Two processes that train together end where one would, but for rounding."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.errors import UserError
from pipeline.models.ananet import AnANet
from pipeline.training import processes
from pipeline.training.data import PairFeatures
from pipeline.training.loop import fit
from pipeline.training.processes import Alone, join, launch
from pipeline.training.seeding import seed_everything
from tests.tiny import tiny_config, tiny_params
from tests.training.tiny_corpus import D_B, D_G, D_R, K, tiny_corpus

CPU = torch.device("cpu")
# Leaves a batch of one pair, fewer than there are processes.
SETTINGS = {"train.batch_size": 59, "train.epochs": 4, "model.hidden": 16, "train.lr": 0.01}

History = dict[int, dict[str, float]]


def train_together(features: PairFeatures, out: Path | None = None) -> tuple[AnANet, History]:
    params = tiny_params(SETTINGS).train
    seed_everything(params.seed)
    sizes = {"region_dim": D_R, "word_dim": D_G + D_B, "regions": K}
    model = AnANet(tiny_config({"model.hidden": 16}, **sizes))
    history: History = {}

    def log(epoch: int, figures: Mapping[str, float]) -> None:
        history[epoch] = {**figures}

    team = join(CPU)
    if not team.is_first:  # what the others begin with counts for nothing
        torch.nn.init.zeros_(model.image_encoder.fc.weight)
    fit(model, features, params, log, progress=False, team=team)
    if out:
        torch.save({"weights": model.state_dict(), "history": history}, out / f"{team.is_first}.pt")
    return model, history


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(path, weights_only=True)
    return found


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason="needs requirements-cluster.txt")
    features = tiny_corpus().features(tmp_path)
    assert len(features.rows("train")) % 59 == 1
    model, history = train_together(features)
    accelerate.debug_launcher(train_together, (features, tmp_path), num_processes=2)
    first, other = load(tmp_path / "True.pt"), load(tmp_path / "False.pt")
    assert list(history) == [1, 2, 3, 4]
    for epoch, figures in history.items():
        assert first["history"][epoch] == pytest.approx(figures, abs=1e-4)
    assert first["history"] == other["history"]
    for name, value in model.state_dict().items():
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-3, atol=1e-4)
        assert torch.equal(first["weights"][name], other["weights"][name])


def test_one_process_is_a_team_of_its_own() -> None:
    team = join(CPU)
    assert isinstance(team, Alone)
    rows = np.array([3, 1, 2])
    own, weight = team.share(rows)
    assert own is rows
    assert weight == 1


def test_more_processes_than_gpus_are_refused() -> None:
    count = torch.cuda.device_count() + 1
    with pytest.raises(UserError, match=f"training_processes = {count}, but PyTorch sees"):
        launch("stages.train", count, torch.device("cuda"))


def test_processes_that_fail_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], check: bool) -> subprocess.CompletedProcess[bytes]:
        assert command[:2] == [sys.executable, "-m"]
        assert command[-2:] == ["--module", "stages.train"]
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(processes.subprocess, "run", fail)
    with pytest.raises(UserError, match="training in 2 processes failed"):
        launch("stages.train", 2, CPU)
