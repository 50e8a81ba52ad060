"""`dvc` sees the main pipeline, and `python -m stages` all of them."""

import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from dvc.repo import Repo

from pipeline.errors import UserError
from stages.__main__ import main
from stages.sight import SIGHT, all_in_sight
from tests.tiny import ROOT

OTHERS = {
    "detector",
    "matching",
    "noise_study",
    "pretrain",
    "scenes",
    "search",
    "sources",
    "studies",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """What DVC reads of the project."""
    for source in (*ROOT.glob("stages/**/*.yaml"), *ROOT.glob("*.yaml"), ROOT / ".dvcignore"):
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    with chdir(tmp_path):
        Repo.init(".", no_scm=True)
        yield tmp_path


def seen() -> set[str]:
    """The folders of the pipelines that DVC reads."""
    with Repo() as repo:
        return {Path(stage.path_in_repo).parent.name for stage in repo.index.stages}


def test_dvc_sees_the_main_pipeline_and_the_sample(project: Path) -> None:
    assert seen() == {"", "sample"}
    assert not all_in_sight()


def test_stages_show_dvc_every_pipeline_meanwhile(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stage", "list", "--recursive", "."]) == 0
    shown = capsys.readouterr().out
    assert not [name for name in OTHERS if f"{name}/dvc.yaml:" not in shown]
    assert seen() == {"", "sample"}


def test_another_call_in_progress_keeps_its_sight(project: Path) -> None:
    SIGHT.write_text("!dvc.yaml\n")
    assert main(["stage", "list"]) == 0
    assert seen() == {"", "sample", *OTHERS}
    assert all_in_sight()


def test_without_its_lines_dvcignore_hides_nothing(project: Path) -> None:
    lines = Path(".dvcignore").read_text().splitlines()
    Path(".dvcignore").write_text("\n".join(x for x in lines if not x.startswith("/stages/")))
    assert seen() == {"", "sample", *OTHERS}
    assert all_in_sight()


def test_the_exit_status_is_that_of_dvc(project: Path) -> None:
    assert main(["repro", "no_such_stage"]) != 0
    assert not SIGHT.exists()


def test_elsewhere_it_says_where_to_call_it(tmp_path: Path) -> None:
    with chdir(tmp_path), pytest.raises(UserError, match="the project's root"):
        main(["status"])
