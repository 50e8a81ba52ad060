"""A training that was killed ends as it would have without; what is not its own it leaves aside."""

import json
import os
import signal
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.dataset.pairs import PairFeatures
from pipeline.errors import UserError
from pipeline.models.ananet import AnANet
from pipeline.models.classifier import Sizes, features_of
from pipeline.models.tfn import TFN
from pipeline.processes import join_group
from pipeline.training.checkpoint import Checkpoint, process_checkpoint
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Log
from tests.tiny import tiny_config, tiny_params
from tests.tiny_corpus import D_B, D_G, D_R, K, load, tiny_corpus
from tests.training.resuming import BrokenOffError, assert_goes_on, run

PARAMS = tiny_params({"train.batch_size": 16, "train.epochs": 4, "train.lr": 0.01})
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features")
    tiny_corpus().write(folder)
    return folder


@pytest.fixture
def features(folder: Path) -> PairFeatures:
    return load(folder, PARAMS.model)


def new_ananet() -> AnANet:
    seed_everything(0)
    sizes = {"region_dim": D_R, "word_dim": D_G + D_B, "regions": K}
    return AnANet(tiny_config({"model.hidden": 16, "model.dropout": 0.2}, **sizes))


def train_ananet(features: PairFeatures, log: Log, checkpoint: Checkpoint | None) -> nn.Module:
    model = new_ananet()
    fit(ClassificationTask(model, features, PARAMS.train), log, checkpoint, progress=False)
    return model


def train_baseline(features: PairFeatures, log: Log, checkpoint: Checkpoint | None) -> nn.Module:
    seed_everything(0)
    widths = {"image_width": 6, "text_width": 4, "fusion_width": 5, "dropout": 0.2}
    own = (
        features.arrays.region_count,
        features.arrays.region_dim,
        features.arrays.scene_dims.pooled,
        0,
    )
    model = TFN(TFN.params_type.model_validate(widths), Sizes(3, *own, features.arrays.word_dim, 7))
    fit(ClassificationTask(model, features, PARAMS.train), log, checkpoint, progress=False)
    return model


def test_ananet_goes_on(features: PairFeatures, tmp_path: Path) -> None:
    assert_goes_on(partial(train_ananet, features), tmp_path)


def test_a_baseline_goes_on(folder: Path, tmp_path: Path) -> None:
    features = load(folder, PARAMS.model, features_of(TFN))
    assert_goes_on(partial(train_baseline, features), tmp_path)


def test_one_whose_patience_had_ended_trains_no_more(
    features: PairFeatures, tmp_path: Path
) -> None:
    calls: list[int] = []

    class Counted(ClassificationTask):
        def evaluate(self) -> dict[str, float]:
            calls.append(len(calls))
            return {"dev/f1_weighted": 0.5}

    params = PARAMS.train.model_copy(update={"patience": 1})
    checkpoint = Checkpoint(tmp_path / "c.safetensors", "")
    for _ in range(2):
        task = Counted(new_ananet(), features, params)
        best = fit(task, lambda epoch, figures: None, checkpoint, progress=False)
        assert (best.epoch, best.score, len(calls)) == (1, 0.5, 2)


class Killer(ClassificationTask):
    """Kills its process for good in the third step of the third epoch."""

    def batches(self, epoch: int) -> list[Any]:
        self.left = 3 if epoch == 3 else -1
        return super().batches(epoch)

    def backward(self, rows: Any, inputs: Any) -> Tensor:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().backward(rows, inputs)


def train_until_killed(folder: Path, path: Path) -> None:
    torch.set_num_threads(1)  # as in the process of the tests: sums depend on it
    task = Killer(new_ananet(), load(folder, PARAMS.model), PARAMS.train)
    fit(task, lambda epoch, figures: None, Checkpoint(path, "own"), progress=False)


def test_goes_on_after_sigkill(folder: Path, features: PairFeatures, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    expected = run(partial(train_ananet, features), None)
    checkpoint = Checkpoint(tmp_path / "c.safetensors", "own")
    arguments = folder, checkpoint.path
    child = get_context("spawn").Process(target=train_until_killed, args=arguments)
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    assert checkpoint.epochs() == 2
    assert run(partial(train_ananet, features), checkpoint) == expected


def test_what_is_another_training_s_is_left_aside(
    features: PairFeatures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = partial(train_ananet, features)
    expected = run(train, None)
    path = tmp_path / "c.safetensors"
    with pytest.raises(BrokenOffError):
        run(train, Checkpoint(path, "lr 0.1"), last=2)
    whole = path.read_bytes()
    with safe_open(path, "pt") as file:
        later = save(load_file(path), {**file.metadata(), "format": "3"})
    others = (whole, "lr 0.2"), (whole[:-9], "lr 0.1"), (b"", "lr 0.1"), (later, "lr 0.1")
    for contents, identity in others:
        path.write_bytes(contents)
        assert run(train, Checkpoint(path, identity)) == expected
        message = f"{path} belongs to another training; starting over\n"
        assert capsys.readouterr().out == message


def test_a_state_that_is_not_finite_is_refused(features: PairFeatures, tmp_path: Path) -> None:
    train, path = partial(train_ananet, features), tmp_path / "c.safetensors"
    with pytest.raises(BrokenOffError):
        run(train, Checkpoint(path, "own"), last=2)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    state = load_file(path)
    next(x for name, x in state.items() if name.startswith("model.")).fill_(float("nan"))
    path.write_bytes(save(state, metadata))
    with pytest.raises(UserError, match=r"c\.safetensors is damaged"):
        run(train, Checkpoint(path, "own"))


def test_a_state_with_another_bit_is_refused(features: PairFeatures, tmp_path: Path) -> None:
    train, path = partial(train_ananet, features), tmp_path / "c.safetensors"
    with pytest.raises(BrokenOffError):
        run(train, Checkpoint(path, "own"), last=2)
    state = path.read_bytes()
    path.write_bytes(state[:-1] + bytes([state[-1] ^ 1]))
    with pytest.raises(UserError, match=r"c\.safetensors is damaged .*sha256"):
        run(train, Checkpoint(path, "own"))


def test_features_know_what_they_are_of(folder: Path, features: PairFeatures) -> None:
    assert load(folder, PARAMS.model).digest == features.digest
    others = [
        features.without(features.rows("train")[:1]),
        features.relabelled((features.labels + 1) % 3),
        load(folder, PARAMS.model.model_copy(update={"text": "bert"})),
    ]
    assert len({features.digest, *(other.digest for other in others)}) == 4


def train_together(features: PairFeatures, folder: Path, last: int, out: Path) -> None:
    """Train as one process of a group, and keep weights and figures unless it breaks off."""
    group = join_group(CPU)
    torch.set_num_threads(1)
    checkpoint = process_checkpoint(folder, "a group's", group)

    def train(log: Log, checkpoint: Checkpoint | None) -> nn.Module:
        model = new_ananet()
        task = ClassificationTask(model, features, PARAMS.train, group=group)
        fit(task, log, checkpoint, progress=False)
        return model

    with suppress(BrokenOffError):
        weights, history = run(train, checkpoint, last)
        out.mkdir(exist_ok=True)
        (out / f"{group.is_first}.json").write_text(json.dumps([weights.hex(), history]))


def trained(out: Path) -> list[str]:
    return [(out / f"{first}.json").read_text() for first in (True, False)]


def test_several_processes_go_on_together(features: PairFeatures, tmp_path: Path) -> None:
    """Each draws a dropout of its own; one that was killed an epoch behind holds up the others."""
    accelerate = pytest.importorskip("accelerate", reason="needs requirements-cluster.txt")

    def launch(name: str, last: int, out: str) -> None:
        arguments = (features, tmp_path / name, last, tmp_path / out)
        accelerate.debug_launcher(train_together, arguments, num_processes=2)

    def kept(name: str) -> list[int]:
        paths = (tmp_path / name / f"{rank}.safetensors" for rank in (0, 1))
        return [Checkpoint(path, "a group's").epochs() for path in paths]

    launch("straight", 0, "expected")
    for name, epoch in (("together", 2), ("behind", 1)):
        launch(name, epoch, "none")
        assert kept(name) == [epoch, epoch]
    ahead = (tmp_path / "together/0.safetensors").read_bytes()
    (tmp_path / "behind/0.safetensors").write_bytes(ahead)
    assert kept("behind") == [2, 1]
    for name in ("together", "behind"):
        launch(name, 0, name)
        assert trained(tmp_path / name) == trained(tmp_path / "expected")
