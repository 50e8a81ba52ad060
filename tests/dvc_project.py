"""A clone of the working tree, with small encoders, that the real DVC runs in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from ruamel.yaml import YAML

from tests.small_project import SETTINGS, write_encoders
from tests.tiny import ROOT

# Encoders and sizes do not matter to what is tested here; small ones keep it short.
SMALL = {
    f"{section}.{name}": value for section, own in SETTINGS.items() for name, value in own.items()
}


class Project:
    """A clone of the working tree in a fresh Git repository, with a row cache of its own."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root = root
        python = Path(sys.executable).parent
        self.environment = os.environ | {
            "ANANET_CACHE": str(cache),
            "OMP_NUM_THREADS": "1",  # threads of work as small as this only wait for each other
            "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@example.org",
            "GIT_COMMITTER_NAME": "test",
            "GIT_COMMITTER_EMAIL": "test@example.org",
        }
        # It would hide byte code that DVC takes for a changed dependency.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def call(self, *command: str, expect: int = 0) -> str:
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, f"{command}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def commit(self, message: str) -> None:
        self.call("git", "add", "--all")
        self.call("git", "commit", "--quiet", "--message", message)

    def restore(self) -> None:
        """Put back the files of the last commit, and what DVC made with them."""
        self.call("git", "checkout", "--quiet", ".")
        self.dvc("checkout", "--quiet")

    def dvc(self, *arguments: str, expect: int = 0) -> str:
        return self.call(sys.executable, "-m", "dvc", *arguments, expect=expect)

    def dvc_of_all(self, *arguments: str) -> str:
        """DVC with every pipeline in its sight."""
        return self.call(sys.executable, "-m", "stages", *arguments)

    def set_params(self, values: Mapping[str, int | str]) -> None:
        """Change params.yaml; values: by dotted key."""
        path, yaml = self.root / "params.yaml", YAML()
        params = yaml.load(path)
        for key, value in values.items():
            section, name = key.split(".")
            params[section][name] = value
        yaml.dump(params, path)


AnyProject = TypeVar("AnyProject", bound=Project)


def clone_project(root: Path, cache: Path, kind: type[AnyProject] = Project) -> AnyProject:
    """A committed project in `root`, where nothing has run yet; cache: its row cache."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        # The results of the full-size run are not those of this one.
        recorded = name.endswith("dvc.lock") or name.startswith("data/reports/")
        if recorded or not (ROOT / name).is_file():
            continue
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    project = kind(root, cache)
    project.set_params(SMALL)
    write_encoders(root)
    project.call("git", "init", "--quiet")
    # Git leaves weights out; a temporary copy of an experiment needs them.
    project.call("git", "add", "--force", "data/pretrained")
    project.commit("As cloned")
    return project


def ran(output: str) -> list[str]:
    """The stages that DVC ran, in order."""
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]
