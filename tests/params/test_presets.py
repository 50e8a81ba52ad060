"""Presets are values that params.yaml takes, and the paper's are its defaults."""

from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from pipeline.params.matching import load_matching_params
from pipeline.params.presets import MATCHING, PAPER, PRESETS, find_preset
from pipeline.params.project import load_params
from tests.tiny import ROOT, tiny_params


def test_the_paper_is_the_default() -> None:
    defaults = load_params(ROOT / "params.yaml").model_dump(by_alias=True)
    for key, value in PAPER.items():
        section, name = key.split(".")
        assert defaults[section][name] == value


@pytest.mark.parametrize("name", PRESETS)
def test_each_sets_what_the_paper_sets_and_nothing_else(name: str) -> None:
    assert PRESETS[name].keys() == PAPER.keys()
    found = tiny_params(PRESETS[name]).model_dump(by_alias=True)
    assert found["model"]["hidden"] == PRESETS[name]["model.hidden"]


@pytest.mark.parametrize("name", ["pretrained", *MATCHING])
def test_dvc_takes_what_the_command_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    from pipeline.__main__ import main

    preset = find_preset(name)
    main(["preset", name])
    words = capsys.readouterr().out.split()
    assert set(words[::2]) == {"-S"}
    params = tmp_path / "params.yaml"
    params.write_text((ROOT / preset.file).read_text())
    file = "" if name in PRESETS else f"{preset.file}:"
    assert all(word.startswith(file) for word in words[1::2])
    apply_overrides(params, [word.removeprefix(file) for word in words[1::2]])
    read = load_params if name in PRESETS else load_matching_params
    found = read(params).model_dump(by_alias=True)
    for key, value in preset.values.items():
        section, field = key.split(".")
        assert found[section][field] == value
