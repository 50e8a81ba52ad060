import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

ROOT = Path(__file__).parents[1]


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("added", ["data/mine", "data/pretrained/bert/mine"])
def test_what_is_added_belongs_to_the_pipeline(tmp_path: Path, added: str) -> None:
    """Otherwise runs in a temporary copy (`--temp`, `--queue`) do not have it there."""
    run(tmp_path, "git", "init")
    run(tmp_path, sys.executable, "-m", "dvc", "init")
    shutil.copy(ROOT / ".gitignore", tmp_path)
    (tmp_path / added).mkdir(parents=True)
    (tmp_path / added / "file").write_text("content")

    run(tmp_path, sys.executable, "-m", "dvc", "add", added)
    run(tmp_path, "git", "add", f"{added}.dvc")

    assert [stage.path_in_repo for stage in Repo(str(tmp_path)).index.stages] == [f"{added}.dvc"]
