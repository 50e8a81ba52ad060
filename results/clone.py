"""A scratch clone of the project per corpus, where parts run without touching the project."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.errors import UserError
from results.plan import Overrides, Part, Plan

FOLDER = Path(".results")
_KEPT = "kept"
_DIGEST = "digest"


class Clone:
    """A clone at a commit, with the corpus's files below data/.

    What earlier runs made stays, and DVC's records of it, so that only what changed runs again.
    """

    def __init__(self, corpus: str, folder: Path = FOLDER) -> None:
        self.corpus, self.root = corpus, folder / corpus

    def prepare(self, commit: str, files: dict[str, str], real_data: Path | None) -> None:
        """Make the clone, or bring it to the commit; link the corpus's files.

        Raises:
            UserError: REAL_DATA is not set, or a file is missing there.
        """
        if not self.root.exists():
            _run(["git", "clone", "--quiet", "--no-checkout", ".", str(self.root)], Path())
        locks = {path: path.read_bytes() for path in self._locks()}
        _run(["git", "fetch", "--quiet", "origin", commit], self.root)
        _run(["git", "checkout", "--quiet", "--force", "--detach", commit], self.root)
        for path, content in locks.items():
            path.write_bytes(content)
        # The project's own settings of DVC, such as where it keeps its records.
        if (own := Path(".dvc/config.local")).exists():
            shutil.copy(own, self.root / own)
        self._link(files, real_data)

    def run(self, plan: Plan, part: Part, point: str) -> None:
        """Run a part's commands with the parameters of one of its points."""
        self._override(plan.params(part, point))
        for command in part.commands:
            program, *words = shlex.split(command)
            # The plan names stages of every pipeline, of which `dvc` itself sees one.
            programs = [sys.executable, "-m", "stages"] if program == "dvc" else [program]
            _run([*programs, *words], self.root)

    def keep(self, name: str, part: Part, point: str, digest: str) -> Path:
        """Copy what a point made, so that the next one may write in its place."""
        kept = self.kept(name, point)
        shutil.rmtree(kept, ignore_errors=True)
        for path in map(Path, part.keep):
            source, target = self.root / path, kept / path.name
            if not source.exists():
                raise UserError(f"{name} keeps {path}, which its commands did not make")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        (kept / _DIGEST).write_text(digest, encoding="ascii")
        return kept

    def kept(self, name: str, point: str) -> Path:
        """Where a point's files are kept."""
        return self.root / _KEPT / name / point

    def is_done(self, name: str, point: str, digest: str) -> bool:
        """Whether the point is kept from an earlier run of the same digest."""
        mark = self.kept(name, point) / _DIGEST
        return mark.exists() and mark.read_text(encoding="ascii") == digest

    def _locks(self) -> list[Path]:
        return [*self.root.glob("dvc.lock"), *self.root.glob("stages/**/dvc.lock")]

    def _link(self, files: dict[str, str], real_data: Path | None) -> None:
        if not files:
            return
        if real_data is None:
            raise UserError(
                f"the corpus {self.corpus} is real data: set REAL_DATA to the folder that has"
                f" {', '.join(files.values())}"
            )
        for name, path in files.items():
            if not (real_data / path).is_file():
                raise UserError(f"{real_data / path} not found (REAL_DATA)")
            link = self.root / "data" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to((real_data / path).resolve())

    def _override(self, params: Overrides) -> None:
        """Give the params files these values, and the commit's otherwise."""
        yaml = YAML()
        files = subprocess.run(
            ["git", "ls-files", "params.yaml", "stages/*params.yaml"],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        _run(["git", "checkout", "--quiet", "HEAD", "--", *files], self.root)
        for file, changes in params.items():
            yaml.dump(overridden(yaml.load(self.root / file), changes), self.root / file)


def overridden(values: Any, changes: dict[str, Any]) -> Any:
    """The content of a params file with new values by dotted key."""
    for key, value in changes.items():
        *sections, last = key.split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return values


def _run(command: Sequence[str], folder: Path) -> None:
    """Run a command with this environment's programs first.

    Raises:
        UserError: it fails.
    """
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
        raise UserError(f"`{shlex.join(command)}` failed in {folder}, see above")
