"""What a parameter turns on is made before `train`, and what it leaves off is asked of nobody."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import networkx
import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from tests.tiny import ROOT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What DVC reads of the project."""
    for name in ("dvc.yaml", "params.yaml"):
        for source in (ROOT / name, *ROOT.glob(f"stages/**/{name}")):
            target = tmp_path / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def needed(project: Path, stage: str, **choices: str) -> set[str]:
    """The stages that DVC runs before this one, with these values in the section `model`."""
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    params["model"].update(choices)
    yaml.dump(params, project / "params.yaml")
    with Repo.init(".", no_scm=True, force=True) as repo:
        graph = repo.index.graph
        (start,) = (found for found in graph if found.addressing == stage)
        return {found.addressing for found in networkx.descendants(graph, start)}


MAIN = {
    "check_params",
    "stages/sample/dvc.yaml:draw",
    "prepare",
    "extract_regions",
    "embed_glove",
    "embed_bert",
}
PRETRAIN = "stages/pretrain/dvc.yaml"
PRETRAINING = {
    f"{PRETRAIN}:{name}" for name in ("prepare", "extract_regions", "embed_glove", "embed_bert")
}


@pytest.mark.parametrize(
    ("choices", "more"),
    [
        ({}, set()),
        ({"scenes": "scenes.h5"}, {"stages/scenes/dvc.yaml:extract_scenes"}),
        ({"pretrained": "own"}, {f"{PRETRAIN}:pretrain", *PRETRAINING}),
        (
            {"scenes": "scenes.h5", "pretrained": "own"},
            {
                "stages/scenes/dvc.yaml:extract_scenes",
                f"{PRETRAIN}:pretrain",
                f"{PRETRAIN}:extract_scenes",
                *PRETRAINING,
            },
        ),
    ],
    # A set has another order in each process.
    ids=lambda value: str(value if isinstance(value, dict) else sorted(value)),
)
def test_train_needs_what_is_chosen(project: Path, choices: dict[str, str], more: set[str]) -> None:
    assert needed(project, "train", **choices) == MAIN | more


@pytest.mark.parametrize("name", ["data/features/none", "data/pretrain/none"])
def test_what_stands_for_nothing_is_there(name: str) -> None:
    # DVC warns of an empty dependency.
    assert (ROOT / name).stat().st_size > 0
