"""Whatever happens to a training's checkpoint, training goes on, starts over, or it is named."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load, save
from torch import nn

from pipeline.errors import UserError
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.task import Best, Progress
from tests.fuzz.arrays import ARRAYS, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES
from tests.fuzz.values import JSON, damaged_json

HISTORY = [{"train/loss": 1.5, "dev/loss": 1.25}, {"train/loss": 1.0, "dev/loss": 0.75}]


def task() -> Any:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return SimpleNamespace(
        model=model,
        optimizer=optimizer,
        rng=np.random.default_rng(0),
        state={"seen": torch.ones(2)},
    )


def checkpoint(folder: Path) -> Checkpoint:
    return Checkpoint(folder / "0.safetensors", "one and the same")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("checkpoint")
    made = task()
    best = Best()
    best.update(1, 0.5, made.model)
    checkpoint(folder).save(made, Progress(best, HISTORY))
    return checkpoint(folder).path.read_bytes()


def require_progress_or_fault(folder: Path, data: bytes) -> Progress | None:
    checkpoint(folder).path.write_bytes(data)
    random_state = torch.get_rng_state()
    resumed = task()
    try:
        found = outcome(lambda: checkpoint(folder).load(resumed), UserError)
    finally:
        torch.set_rng_state(random_state)
    if found is None:
        return None
    assert 0 <= found.best.epoch <= len(found.history)
    for weights in (resumed.model.state_dict(), found.best.weights):
        assert all(x.isfinite().all() for x in weights.values())
    return found


def test_an_undamaged_one_goes_on(tmp_path: Path, data: bytes) -> None:
    found = require_progress_or_fault(tmp_path, data)
    assert found is not None
    assert (found.best.epoch, found.history) == (1, HISTORY)


@pytest.mark.parametrize("kind", BYTES)
@few
@given(drawn=st.data())
def test_damaged_bytes_go_on_or_are_named(
    kind: str, drawn: st.DataObject, tmp_path: Path, data: bytes
) -> None:
    require_progress_or_fault(tmp_path, BYTES[kind](data, drawn.draw))


@pytest.mark.parametrize("kind", ARRAYS)
@few
@given(drawn=st.data())
def test_other_arrays_go_on_or_are_named(
    kind: str, drawn: st.DataObject, tmp_path: Path, data: bytes
) -> None:
    arrays = damaged_arrays(kind, dict(sorted(load(data).items())), drawn.draw)
    require_progress_or_fault(tmp_path, save(arrays, _metadata(tmp_path, data)))


@pytest.mark.parametrize("kind", JSON)
@few
@given(drawn=st.data())
def test_other_settings_go_on_or_are_named(
    kind: str, drawn: st.DataObject, tmp_path: Path, data: bytes
) -> None:
    metadata = _metadata(tmp_path, data)
    name = drawn.draw(st.sampled_from(["best", "history", "rng"]))
    damaged = damaged_json(kind, json.loads(metadata[name]), drawn.draw).decode()
    require_progress_or_fault(tmp_path, save(load(data), metadata | {name: damaged}))


@pytest.mark.parametrize("place", PLACES)
def test_another_thing_in_the_place_of_a_file(tmp_path: Path, place: str) -> None:
    PLACES[place](checkpoint(tmp_path).path)
    found = outcome(lambda: checkpoint(tmp_path).load(task()), UserError, OSError)
    assert found is None or not found.history


def _metadata(folder: Path, data: bytes) -> dict[str, str]:
    path = folder / "sound.safetensors"
    path.write_bytes(data)
    with safe_open(path, "np") as file:
        found: dict[str, str] = file.metadata()
    return found
