"""Whatever happens to a file of weights, a model takes all of it or the fault is named."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save
from torch import nn

from pipeline.encoders.trunks.weights import load_weights
from pipeline.errors import UserError
from tests.fuzz.arrays import ARRAYS, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES

ARRAYS_OF = {"weight": np.ones((2, 3), np.float32), "bias": np.array([0.5, -1], np.float32)}


def state_dict(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    torch.save(
        {name: torch.tensor(np.ascontiguousarray(array)) for name, array in arrays.items()}, buffer
    )
    return buffer.getvalue()


WRITERS = {"w.safetensors": save, "w.pth": state_dict}
files = pytest.mark.parametrize("file", WRITERS)


def require_weights_or_fault(path: Path) -> bool:
    """Whether a model took the weights."""
    model = nn.Linear(3, 2)
    # PyTorch's own reader may ask for as much as a damaged header says.
    taken = outcome(lambda: load_weights(model, path) or True, UserError, MemoryError)
    assert model.weight.isfinite().all()
    assert model.bias.isfinite().all()
    return bool(taken)


@files
def test_undamaged_ones_are_taken(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_bytes(WRITERS[file](ARRAYS_OF))
    assert require_weights_or_fault(tmp_path / file)


@files
@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_taken_or_named(
    file: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    (tmp_path / file).write_bytes(BYTES[kind](WRITERS[file](ARRAYS_OF), data.draw))
    require_weights_or_fault(tmp_path / file)


@files
@pytest.mark.parametrize("kind", ARRAYS)
@few
@given(data=st.data())
def test_other_arrays_are_taken_or_named(
    file: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    arrays = damaged_arrays(kind, ARRAYS_OF, data.draw)
    (tmp_path / file).write_bytes(WRITERS[file](arrays))
    require_weights_or_fault(tmp_path / file)


@files
@pytest.mark.parametrize("place", PLACES)
def test_another_thing_in_the_place_of_a_file_is_named(
    tmp_path: Path, file: str, place: str
) -> None:
    PLACES[place](tmp_path / file)
    assert not require_weights_or_fault(tmp_path / file)
