"""A saved AnANet comes back as it was, or not at all."""

import json
from pathlib import Path

import pytest
import torch

from pipeline.errors import UserError
from pipeline.models.ananet import AnANet
from tests.models.tiny_batch import Batch
from tests.tiny import opinionated, tiny_config


@pytest.mark.parametrize("streams", ["both", "association", "alignment", "none"])
def test_saved_model_comes_back_as_it_was(streams: str, tmp_path: Path) -> None:
    config = tiny_config(
        {"model.streams": streams, "fusion.lambda": 0.7, "loss.eps": 1e-12},
        labels=["nein", "jein", "ja: 🙂"],
        encoders={"regions.h5": "ab" * 32},
    )
    model, batch = opinionated(AnANet(config)), Batch()
    model.save_pretrained(tmp_path / "deep" / "folder")
    again = AnANet.from_pretrained(tmp_path / "deep" / "folder")
    assert again.config == config
    assert not again.training
    inputs = [value.float() if value.is_floating_point() else value for value in batch.inputs()]
    assert torch.equal(again(*inputs).logits, model.eval()(*inputs).logits)


def test_same_model_is_saved_as_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        torch.manual_seed(3)
        AnANet(tiny_config()).save_pretrained(tmp_path / name)
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    AnANet(tiny_config()).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["word_dim"] = 4
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match=r"weights do not fit config\.json"):
        AnANet.from_pretrained(tmp_path)


@pytest.mark.parametrize("width", [10**9, 2**62, 2**64])
def test_a_config_takes_no_memory_that_the_weights_do_not(width: int, tmp_path: Path) -> None:
    AnANet(tiny_config()).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["region_dim"] = width
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match=r"weights do not fit config\.json"):
        AnANet.from_pretrained(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    model = AnANet(tiny_config())
    with torch.no_grad():
        next(model.text_encoder.parameters()).view(-1)[-1] = value
    model.save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"model\.safetensors is damaged: text_encoder\.\S+ has"):
        AnANet.from_pretrained(tmp_path)


def test_damaged_or_missing_files_are_named(tmp_path: Path) -> None:
    AnANet(tiny_config()).save_pretrained(tmp_path)
    weights = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights[:100])
    with pytest.raises(UserError, match=r"model\.safetensors"):
        AnANet.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model\.safetensors not found"):
        AnANet.from_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"config\.json not found"):
        AnANet.from_pretrained(tmp_path / "elsewhere")
