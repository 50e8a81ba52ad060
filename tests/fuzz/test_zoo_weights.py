"""Whatever happens to a pickle of detectron2's model zoo, a model takes all or it is named."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pipeline.encoders.detectors.detectron2.weights import load_checkpoint
from pipeline.errors import UserError
from tests.fuzz.arrays import ARRAYS, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES

ARRAYS_OF = {"weight": np.ones((2, 3), np.float32), "bias": np.array([0.5, -1], np.float32)}


def zoo_file(arrays: dict[str, np.ndarray]) -> bytes:
    return pickle.dumps({"model": arrays, "__author__": "someone"}, protocol=2)


def require_weights_or_fault(path: Path) -> bool:
    """Whether a model took the weights."""
    model = nn.Linear(3, 2)
    taken = outcome(lambda: load_checkpoint(model, path) or True, UserError)
    assert model.weight.isfinite().all()
    assert model.bias.isfinite().all()
    return bool(taken)


def test_an_undamaged_one_is_taken(tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(zoo_file(ARRAYS_OF))
    assert require_weights_or_fault(tmp_path / "w.pkl")


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_taken_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(BYTES[kind](zoo_file(ARRAYS_OF), data.draw))
    require_weights_or_fault(tmp_path / "w.pkl")


@pytest.mark.parametrize("kind", ARRAYS)
@few
@given(data=st.data())
def test_other_arrays_are_taken_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    arrays = damaged_arrays(kind, ARRAYS_OF, data.draw)
    (tmp_path / "w.pkl").write_bytes(zoo_file(arrays))
    require_weights_or_fault(tmp_path / "w.pkl")


@pytest.mark.parametrize("place", PLACES)
def test_another_thing_in_the_place_of_a_file_is_named(tmp_path: Path, place: str) -> None:
    PLACES[place](tmp_path / "w.pkl")
    assert not require_weights_or_fault(tmp_path / "w.pkl")
