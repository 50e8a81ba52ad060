import shutil
import subprocess
import sys
from pathlib import Path

from dvc.repo import Repo

ROOT = Path(__file__).parents[1]


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_a_corpus_that_is_added_belongs_to_the_pipeline(tmp_path: Path) -> None:
    """Otherwise runs in a temporary copy (`--temp`, `--queue`) have no corpus there."""
    run(tmp_path, "git", "init")
    run(tmp_path, sys.executable, "-m", "dvc", "init")
    shutil.copy(ROOT / ".gitignore", tmp_path)
    (tmp_path / "data" / "mine").mkdir(parents=True)
    (tmp_path / "data" / "mine" / "train_data.csv").write_text("id,image,text,label\n")

    run(tmp_path, sys.executable, "-m", "dvc", "add", "data/mine")
    run(tmp_path, "git", "add", "data/mine.dvc")

    assert [stage.path_in_repo for stage in Repo(str(tmp_path)).index.stages] == ["data/mine.dvc"]
