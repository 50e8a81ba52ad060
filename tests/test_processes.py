"""Two processes that train together end where one would, but for rounding."""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import chdir, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import load_file

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.dataset.pairs import PairFeatures
from pipeline.errors import UserError
from pipeline.models.ananet import AnANet
from pipeline.processes import join_group, launch
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from stages import train
from tests.stages.test_training_stages import prepare
from tests.tiny import ROOT, tiny_config, tiny_params
from tests.tiny_corpus import D_B, D_G, D_R, K, tiny_corpus

CPU = torch.device("cpu")
TRAIN = [sys.executable, "-m", "stages.train"]
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

    group = join_group(CPU)
    if not group.is_first:  # what the others begin with counts for nothing
        torch.nn.init.zeros_(model.image_encoder.fc.weight)
    fit(ClassificationTask(model, features, params, group=group), log, progress=False)
    if out:
        torch.save(
            {"weights": model.state_dict(), "history": history}, out / f"{group.is_first}.pt"
        )
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


def test_one_process_alone_takes_every_row() -> None:
    group = join_group(CPU)
    rows = np.array([3, 1, 2])
    own, weight = group.share(rows)
    assert own.tolist() == rows.tolist()
    assert weight == 1


def test_more_processes_than_gpus_are_refused() -> None:
    count = torch.cuda.device_count() + 1
    with pytest.raises(UserError, match=f"training_processes = {count}, but PyTorch sees"):
        launch("stages.train", count, torch.device("cuda"))


def test_processes_that_fail_are_an_error() -> None:
    with pytest.raises(UserError, match="training in 2 processes failed"):
        launch("tests.training.no_such_module", 2, CPU)


def prepare_stage(folder: Path, count: int) -> Path:
    """A project that trains in so many processes."""
    # Were a class a third of a batch, rounding would be all of its first gradient, and Adam would
    # make a whole step of it.
    prepare(folder, {"compute": {"training_processes": count}, "train": {"batch_size": 59}})
    return folder


def test_a_stage_in_two_processes_trains_as_one(tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="needs requirements-cluster.txt")
    folders = [prepare_stage(tmp_path / str(count), count) for count in (1, 2)]
    alone, together = (run_bounded(TRAIN, folder) for folder in folders)
    assert alone == 0
    assert together >= 3  # the launcher and two that train
    one, two = (load_file(folder / "data/models/ananet/model.safetensors") for folder in folders)
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-5, atol=1e-6)


def run_bounded(command: list[str], folder: Path) -> int:
    """Run a command that may start few processes for a short time; returns how many it did."""
    started = psutil.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 400
    family: dict[int, psutil.Process] = {}
    try:
        while started.poll() is None:
            family |= {child.pid: child for child in children(started)}
            # Python may start some of its own beside the launcher and two that train.
            assert len(family) <= 6, "processes start processes"
            assert time.monotonic() < deadline, "the processes wait for each other"
            time.sleep(0.1)
    finally:
        for process in (started, *children(started), *family.values()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    assert started.wait() == 0
    return len(family)


def children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def test_a_launched_process_that_is_alone_launches_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a launcher leaves it that starts one process instead of several.
    monkeypatch.setenv("ANANET_LAUNCHED", "1")
    found = r"training_processes = 2, but 1 process\(es\) came up"
    with chdir(prepare_stage(tmp_path, 2)), pytest.raises(UserError, match=found):
        train.main()
