"""A model's folder whose files are not those that were saved together is refused."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import paths
from pipeline.errors import UserError
from pipeline.models.ananet import AnANet
from pipeline.models.saved import AnANetEncoders
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.models.saved_models.recipe import FOLDER

FILES = ["config.json", "encoders.json", "model.safetensors"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder as `train` writes it."""
    earlier, folder = max(FOLDER.glob("*/ananet")), tmp_path / "saved"
    AnANetEncoders.load(earlier).save(folder)
    AnANet.from_pretrained(earlier).save_pretrained(folder)
    return folder


def load(folder: Path) -> AnANetEncoders:
    return AnANetEncoders.load(folder, AnANet.from_pretrained(folder).config.encoders)


def sums(folder: Path) -> str:
    return "".join(
        f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES
    )


def test_sums_are_those_of_sha256sum(saved: Path) -> None:
    assert (saved / "SHA256SUMS").read_text() == sums(saved)
    load(saved)


@pytest.mark.parametrize("folder", sorted(paths.PRETRAINED_ANANET.glob("*/model.safetensors")))
def test_shipped_encoders_carry_theirs(folder: Path) -> None:
    assert (folder.parent / "SHA256SUMS").read_text() == sums(folder.parent)


def test_one_other_bit_is_refused(saved: Path) -> None:
    path = saved / "model.safetensors"
    weights = path.read_bytes()
    path.write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(UserError, match=r"model\.safetensors: sha256 is .* delete SHA256SUMS"):
        load(saved)
    (saved / "SHA256SUMS").unlink()
    load(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_model_is_refused(saved: Path, name: str) -> None:
    (saved / name).write_bytes((saved / name).read_bytes() + b"\n")
    with pytest.raises(UserError, match=rf"{name}: sha256 is .*came from another model"):
        load(saved)


def test_a_missing_file_is_called_missing(saved: Path) -> None:
    (saved / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model\.safetensors not found"):
        load(saved)


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_sums_are_read_or_named(kind: str, data: st.DataObject, saved: Path) -> None:
    damaged = BYTES[kind](sums(saved).encode(), data.draw)
    (saved / "SHA256SUMS").write_bytes(damaged)
    outcome(lambda: load(saved), UserError)


def test_saving_again_writes_new_sums(saved: Path, tmp_path: Path) -> None:
    again = shutil.copytree(saved, tmp_path / "again")
    (again / "SHA256SUMS").write_text("nonsense")
    AnANet.from_pretrained(max(FOLDER.glob("*/ananet"))).save_pretrained(again)
    assert (again / "SHA256SUMS").read_text() == sums(again)
