"""Whatever happens to the folder of a model, it gives the model or the fault is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save
from torch import nn

from pipeline.errors import UserError
from pipeline.models.saved import EncoderSettings
from tests.fuzz.arrays import ARRAYS, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES
from tests.fuzz.values import JSON, damaged_json
from tests.models.saved_models.recipe import FOLDER
from tests.models.test_saved_models import ENCODERS, MODELS

FOLDERS = {name: max(FOLDER.glob(f"*/{name}")) for name in MODELS}
FILES = {
    (name, path.name): path.read_bytes()
    for name, folder in FOLDERS.items()
    for path in sorted(folder.iterdir())
    if path.name in ("config.json", "model.safetensors", "encoders.json")
}
SETTINGS = [key for key in FILES if key[1].endswith(".json")]
WEIGHTS = [key for key in FILES if key[1] == "model.safetensors"]


def read(folder: Path, name: str) -> tuple[nn.Module, EncoderSettings | None]:
    model = MODELS[name].from_pretrained(folder)
    encoders = ENCODERS[name].load(folder, model.config.encoders) if name in ENCODERS else None
    return model, encoders


def require_model_or_fault(
    folder: Path, changed: dict[tuple[str, str], bytes], name: str
) -> nn.Module | None:
    for (model, file), data in {**FILES, **changed}.items():
        if model == name:
            (folder / file).write_bytes(data)
    found = outcome(lambda: read(folder, name), UserError)
    if found is None:
        return None
    assert not found[0].training
    for weights in found[0].state_dict().values():
        assert weights.isfinite().all()
    return found[0]


@pytest.mark.parametrize("name", MODELS)
def test_an_undamaged_one_is_read(tmp_path: Path, name: str) -> None:
    assert require_model_or_fault(tmp_path, {}, name)


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    changed = data.draw(st.sampled_from([*FILES]))
    damaged = BYTES[kind](FILES[changed], data.draw)
    require_model_or_fault(tmp_path, {changed: damaged}, changed[0])


@pytest.mark.parametrize("kind", JSON)
@few
@given(data=st.data())
def test_other_settings_are_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    changed = data.draw(st.sampled_from(SETTINGS))
    damaged = damaged_json(kind, json.loads(FILES[changed]), data.draw)
    require_model_or_fault(tmp_path, {changed: damaged}, changed[0])


@pytest.mark.parametrize("kind", ARRAYS)
@few
@given(data=st.data())
def test_other_weights_are_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    changed = data.draw(st.sampled_from(WEIGHTS))
    arrays = damaged_arrays(kind, dict(sorted(load(FILES[changed]).items())), data.draw)
    require_model_or_fault(tmp_path, {changed: save(arrays)}, changed[0])


def _sizes(tree: Any, key: str = "") -> list[str]:
    """The dotted keys of all whole numbers."""
    if isinstance(tree, dict):
        return [found for name, each in tree.items() for found in _sizes(each, f"{key}.{name}")]
    return [key[1:]] if type(tree) is int else []


@pytest.mark.parametrize("size", [10**5, 10**9, 2**40, 2**63 - 1, 2**64])
@pytest.mark.parametrize(
    ("name", "key"),
    [
        (name, key)
        for name, file in SETTINGS
        if file == "config.json"
        for key in _sizes(json.loads(FILES[name, file]))
    ],
)
def test_a_size_takes_no_memory_that_the_weights_do_not(
    tmp_path: Path, name: str, key: str, size: int
) -> None:
    config = json.loads(FILES[name, "config.json"])
    *sections, last = key.split(".")
    section = config
    for each in sections:
        section = section[each]
    section[last] = size
    model = require_model_or_fault(
        tmp_path, {(name, "config.json"): json.dumps(config).encode()}, name
    )
    assert model is None or sum(x.nbytes for x in model.state_dict().values()) < 10**7


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", FILES, ids="/".join)
def test_another_thing_in_the_place_of_a_file_is_named(
    tmp_path: Path, key: tuple[str, str], place: str
) -> None:
    name, file = key
    for (model, other), data in FILES.items():
        if model == name and other != file:
            (tmp_path / other).write_bytes(data)
    PLACES[place](tmp_path / file)
    # The one line of an OSError names the path as well.
    assert outcome(lambda: read(tmp_path, name), UserError, OSError) is None
