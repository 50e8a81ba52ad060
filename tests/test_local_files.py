"""Weights and vectors that the user brings as files: DVC must see it when one is exchanged."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from pipeline.errors import UserError
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params
from tests.tiny import ROOT

READERS = [
    ("dvc.yaml", "extract_regions", "regions"),
    ("stages/scenes/dvc.yaml", "extract_scenes", "scenes"),
    ("dvc.yaml", "embed_glove", "glove"),
    ("dvc.yaml", "embed_bert", "bert"),
    ("stages/matching/dvc.yaml", "words", "glove"),
    ("stages/matching/dvc.yaml", "words", "bert"),
    ("stages/search/dvc.yaml", "keywords", "glove"),
    ("stages/studies/dvc.yaml", "extract_clip@tiny", "clip"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What DVC reads of the project, with a row of `clip`."""
    for name in ("dvc.yaml", "params.yaml"):
        for source in (ROOT / name, *ROOT.glob(f"stages/**/{name}")):
            target = tmp_path / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    shutil.copytree(ROOT / "data" / "pretrained", tmp_path / "data" / "pretrained")
    row = {"model": "owner/name", "revision": "0" * 40, "device": "auto"}
    change(tmp_path / "stages/studies/params.yaml", "clip", "tiny", row)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(path: Path, section: str, key: str, value: Any) -> None:
    yaml = YAML()
    params = yaml.load(path)
    params[section][key] = value
    yaml.dump(params, path)


@pytest.mark.parametrize(("file", "stage", "section"), READERS)
def test_an_exchanged_file_is_another_dependency(
    project: Path, file: str, stage: str, section: str
) -> None:
    folder = Path("data/pretrained") / section
    with Repo.init(str(project), no_scm=True) as repo:
        (dep,) = (
            dep
            for dep in repo.stage.load_one(file, stage).deps
            if Path(str(dep.fs_path)) == project / folder
        )
        (folder / "own").write_text("one")
        before = dep.get_hash()
        assert dep.get_hash() == before
        (folder / "own").write_text("two")
        assert dep.get_hash() != before


@pytest.mark.parametrize(
    ("file", "section", "key", "value"),
    [
        ("params.yaml", "regions", "weights", "{}.safetensors"),
        ("params.yaml", "regions", "weights", "{}.safetensors#sha256=" + 64 * "0"),
        ("params.yaml", "regions", "detector", "detectron2:{}.yaml"),
        ("params.yaml", "scenes", "weights", "{}.pth"),
        ("params.yaml", "glove", "vectors", "{}.txt"),
        ("params.yaml", "bert", "model", "{}"),
        ("stages/studies/params.yaml", "clip", "tiny", "{}"),
    ],
)
def test_local_files_lie_where_their_stage_looks(
    project: Path, file: str, section: str, key: str, value: str
) -> None:
    def load(place: str) -> None:
        named = value.format(place)
        path = Path(named.removeprefix("detectron2:").partition("#")[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        row = {"model": named, "revision": None, "device": "auto"}
        change(project / file, section, key, row if section == "clip" else named)
        load_params()
        load_study_params()

    folder = f"data/pretrained/{section}"
    load(f"{folder}/mine/own")
    for elsewhere in ("own", f"{folder}/../own", f"{folder}2/own", f"{project}/{folder}/own"):
        with pytest.raises(UserError, match=f"must lie below {folder},") as error:
            load(elsewhere)
        assert repr(value.format(elsewhere).removeprefix("detectron2:")) in str(error.value)
