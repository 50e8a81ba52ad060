"""The stage `pretrain` on a drawn corpus, and a training that starts from what it learned."""

import json
import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from safetensors.numpy import load_file

from pipeline.params.pretrain import LABEL
from stages import train
from stages.pretrain import pretrain
from tests.tiny import ROOT
from tests.tiny_corpus import tiny_corpus

SETTINGS = {
    "model": {"hidden": 8, "pretrained": "own"},
    "association": {"d_inv": 4, "d_var": 4},
    "train": {"epochs": 1, "frozen_epochs": 1},
}


@pytest.mark.parametrize("scenes", ["none", "scenes.h5"])
def test_frozen_encoders_are_those_of_pretraining(tmp_path: Path, scenes: str) -> None:
    corpus = tiny_corpus()
    corpus.write(tmp_path / "data/features")
    (tmp_path / "data/interim").mkdir()
    shutil.move(tmp_path / "data/features/pairs.parquet", tmp_path / "data/interim")
    corpus.pairs["label"] = LABEL
    corpus.write(tmp_path / "data/pretrain")
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for section, values in SETTINGS.items():
        params[section].update(values)
    params["model"]["scenes"] = scenes
    yaml.dump(params, tmp_path / "params.yaml")
    (tmp_path / "stages/pretrain").mkdir(parents=True)
    shutil.copy(ROOT / "stages/pretrain/params.yaml", tmp_path / "stages/pretrain")
    with chdir(tmp_path):
        pretrain.main()
        train.main()

    learned = load_file(tmp_path / "data/pretrained/ananet/own/model.safetensors")
    trained = load_file(tmp_path / "data/models/ananet/model.safetensors")
    encoders = [name for name in learned if "encoder" in name]
    assert any(name.startswith("scene_encoder") for name in encoders) == (scenes != "none")
    for name in encoders:
        assert (learned[name] == trained[name]).all()
    config = json.loads((tmp_path / "data/models/ananet/config.json").read_text())
    assert ("scenes.h5" in config["encoders"]) == (scenes != "none")
