"""Presets are values that params.yaml takes, and the paper's are its defaults."""

from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from pipeline.params.presets import PAPER, PRESETS
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


def test_dvc_takes_what_the_command_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.__main__ import main

    main(["preset", "pretrained"])
    words = capsys.readouterr().out.split()
    assert set(words[::2]) == {"-S"}
    params = tmp_path / "params.yaml"
    params.write_text((ROOT / "params.yaml").read_text())
    apply_overrides(params, words[1::2])
    found = load_params(params).model_dump(by_alias=True)
    for key, value in PRESETS["pretrained"].items():
        section, name = key.split(".")
        assert found[section][name] == value
