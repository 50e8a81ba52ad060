"""Whatever happens to a published checkpoint, it is read as a sound model or the fault is named."""

import io
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.matching.published import read_published
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES
from tests.matching.published_models import ImageEncoder, TextEncoder

FILE = "model_best.pth.tar"


def checkpoint() -> bytes:
    torch.manual_seed(0)
    parts = [ImageEncoder(True).state_dict(), TextEncoder(True).state_dict()]
    options = Namespace(no_imgnorm=False, no_txtnorm=False)
    buffer = io.BytesIO()
    torch.save({"model": parts, "opt": options, "move_gt": np.ones(3)}, buffer)
    return buffer.getvalue()


WRITTEN = checkpoint()


def require_model_or_fault(path: Path) -> bool:
    """Whether there was a model."""
    # PyTorch's own reader may ask for as much as a damaged header says.
    found = outcome(lambda: read_published(str(path)), UserError, MemoryError)
    if not found:
        return False
    assert all(weights.isfinite().all() for weights in found[0].parameters())
    return True


def test_an_undamaged_one_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(WRITTEN)
    assert require_model_or_fault(tmp_path / FILE)


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(BYTES[kind](WRITTEN, data.draw))
    require_model_or_fault(tmp_path / FILE)


@pytest.mark.parametrize("place", PLACES)
def test_another_thing_in_the_place_of_a_file_is_named(tmp_path: Path, place: str) -> None:
    PLACES[place](tmp_path / FILE)
    assert not require_model_or_fault(tmp_path / FILE)
