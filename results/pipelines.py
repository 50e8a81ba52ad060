"""Every pipeline as DVC reads it, though .dvcignore hides all but the main one from `dvc`."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from dvc.repo import Repo
from dvc.stage import Stage


@cache
def every_pipeline() -> Repo:
    """The stages of this project and their parameters, read from a copy without .dvcignore.

    In the copy, so that what DVC sees meanwhile stays as it is.
    """
    for file in (name for name in tracked_files() if name.endswith(("dvc.yaml", "params.yaml"))):
        target = _copy() / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    (_copy() / Repo.DVC_DIR).mkdir(exist_ok=True)
    return Repo(str(_copy()), config={"core": {"no_scm": True}})


def address(stage: Stage) -> str:
    """A stage's name as commands give it in the root: after its file's, unless that is there."""
    file = stage.path_in_repo
    return str(stage.name) if file == "dvc.yaml" else f"{file}:{stage.name}"


@cache
def tracked_files() -> frozenset[str]:
    """The files that Git tracks, relative to the root."""
    done = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.splitlines())


@cache
def _folder() -> TemporaryDirectory[str]:
    """Kept until the process ends, since DVC reads parameters when they are asked for."""
    return TemporaryDirectory()


def _copy() -> Path:
    return Path(_folder().name)
