"""stages/studies/params.yaml is checked before anything is trained."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.errors import UserError
from pipeline.params.presets import PRESETS
from pipeline.params.project import NOT_PRETRAINED, load_params
from pipeline.params.studies import changed, load_study_params, named, variant_params
from tests.tiny import ROOT

FILE = ROOT / "stages" / "studies" / "params.yaml"


def test_every_variant_is_a_valid_ananet() -> None:
    study, params = load_study_params(FILE), load_params(ROOT / "params.yaml")
    for row in study.variants.values():
        found = variant_params(params, study, row)
        preset = PRESETS["pretrained"]["model.hidden"]
        own = study.settings["model"]["hidden"]
        assert found.model.hidden == (own if row.pretrained == NOT_PRETRAINED else preset)
        assert found.model.pretrained == row.pretrained
    var = variant_params(params, study, study.variants["alignment_glove"]).model
    assert (var.streams, var.text) == ("alignment", "glove")


def test_the_variant_pretrained_is_the_preset() -> None:
    study, params = load_study_params(FILE), load_params(ROOT / "params.yaml")
    found = variant_params(params, study, study.variants["pretrained"]).model_dump(by_alias=True)
    for key, value in PRESETS["pretrained"].items():
        section, name = key.split(".")
        assert found[section][name] == value, key


def test_variants_of_a_curve_start_from_encoders_that_it_depends_on(tmp_path: Path) -> None:
    yaml = YAML()
    values = yaml.load(FILE)
    values["learning_curve"]["variants"] = ["pretrained"]
    values["variants"]["pretrained"]["pretrained"] = "own"
    yaml.dump(values, tmp_path / "params.yaml")
    message = r"variants\.pretrained\.pretrained = 'own', but .* start from none or flickr8k"
    with pytest.raises(UserError, match=message):
        load_study_params(tmp_path / "params.yaml")


def test_later_changes_win_and_others_stay() -> None:
    params = load_params(ROOT / "params.yaml")
    found = changed(params, {"fusion": {"lambda": 0.3}}, {"fusion": {"lambda": 0.7}})
    assert (found.fusion.lambda_, found.fusion.eta) == (0.7, params.fusion.eta)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"hiden": 8}}, r"model\.hiden: no such parameter; known here: streams"),
        ({"fusion": {"eta": "much"}}, r"fusion\.eta = 'much'"),
        ({"modle": {"hidden": 8}}, r"modle: no such parameter"),
    ],
)
def test_changes_that_params_yaml_would_refuse_are_refused(change: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        changed(load_params(ROOT / "params.yaml"), change)


def test_unknown_keys_of_a_row_are_named(tmp_path: Path) -> None:
    yaml = YAML()
    values = yaml.load(FILE)
    values["baselines"]["tfn"]["readz"] = "scenes"
    yaml.dump(values, tmp_path / "params.yaml")
    message = r"baselines\.tfn\.readz: no such parameter; known here: model, reads, text, widths"
    with pytest.raises(UserError, match=message):
        load_study_params(tmp_path / "params.yaml")


def test_unknown_rows_are_named() -> None:
    study = load_study_params(FILE)
    with pytest.raises(UserError, match="no baseline 'tnf'; there are: random, majority, tfn"):
        named(study.baselines, "baseline", "tnf")
    with pytest.raises(UserError, match="no variant 'annet'; there are: ananet"):
        named(study.variants, "variant", "annet")


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        ({"tfn": {"model": "a", "revision": None, "device": "cpu"}}, "names of other rows"),
        ({"a/b": {"model": "a", "revision": None, "device": "cpu"}}, r"clip\.a/b.*pattern"),
        ({"a": {"model": "a", "revision": None, "device": "gpu"}}, r"clip\.a\.device: is 'gpu'"),
        ({"a": {"model": "a"}}, r"clip\.a\.revision: is missing"),
    ],
)
def test_wrong_dual_encoders_are_named(tmp_path: Path, clip: Any, message: str) -> None:
    yaml = YAML()
    values = yaml.load(FILE)
    assert values["clip"] == {}
    values["clip"] = clip
    yaml.dump(values, tmp_path / "params.yaml")
    with pytest.raises(UserError, match=message):
        load_study_params(tmp_path / "params.yaml")
