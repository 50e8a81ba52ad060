import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("detectron2", reason="detectron2 is optional: requirements-detectron2.txt")

from pipeline.encoders.detectors.detectron2.weights import load_checkpoint, read_checkpoint
from pipeline.errors import UserError
from tests.encoders.detectors.detectron2.small import write_zoo_file

TENSORS = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([7.0, 8.0])}
ARRAYS = {name: x.numpy() for name, x in TENSORS.items()}


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("content", [{"model": ARRAYS, "__author__": "x"}, OrderedDict(ARRAYS)])
def test_a_zoo_file_is_read_without_running_what_it_names(
    tmp_path: Path, content: object, protocol: int
) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(content, protocol))
    found = read_checkpoint(tmp_path / "w.pkl")
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], x) for name, x in TENSORS.items())


def test_a_trainer_s_file_is_the_same(tmp_path: Path) -> None:
    torch.save({"model": TENSORS, "iteration": 7}, tmp_path / "w.pth")
    found = read_checkpoint(tmp_path / "w.pth")
    assert all(torch.equal(found[name], x) for name, x in TENSORS.items())


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harm",)


class Huge:
    def __reduce__(self) -> tuple[object, tuple[int, str]]:
        return np.ndarray, (2**31, "u1")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pickle.dumps({"model": {"weight": Harmful()}}), r"it holds (posix|nt)\.mkdir, not arrays"),
        (
            pickle.dumps({"model": {"weight": np.array([{}], object)}}),
            "can't convert|not supported",
        ),
        (pickle.dumps({"model": ARRAYS})[:-40], "cannot be read"),
        (pickle.dumps([1]), "cannot be read"),
        (pickle.dumps({"model": {"weight": "text"}}), "cannot be read"),
        (b"", "cannot be read"),
        (b"no pickle", "cannot be read"),
        # Few bytes that ask for much memory: by the number of an object, and by an array's shape.
        (b"\x80\x02Nr\xff\xff\xff\x07.", "cannot be read"),
        (pickle.dumps({"weight": Huge()}), "greater than the file"),
    ],
)
def test_a_hostile_zoo_file_is_refused(
    tmp_path: Path, data: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.pkl").write_bytes(data)
    with pytest.raises(UserError, match=rf"w\.pkl.*{message}"):
        read_checkpoint(tmp_path / "w.pkl")
    assert not (tmp_path / "harm").exists()


def test_a_model_takes_what_it_needs_and_misses_nothing(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    path = write_zoo_file(tmp_path / "w.pkl", TENSORS | {"mask_head": torch.ones(1)})
    load_checkpoint(model, path)
    assert torch.equal(model.weight, TENSORS["weight"])
    with pytest.raises(UserError, match="lack 1 of 2 tensors, first bias"):
        load_checkpoint(model, write_zoo_file(path, {"weight": TENSORS["weight"]}))
    with pytest.raises(UserError, match="do not fit the configuration"):
        load_checkpoint(model, write_zoo_file(path, TENSORS | {"bias": torch.ones(3)}))
