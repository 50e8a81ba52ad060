"""Where a result comes from: revision, versions, parameters."""

import subprocess
from collections.abc import Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

# The packages that affect values.
_PACKAGES = (
    "torch",
    "torchvision",
    "transformers",
    "tokenizers",
    "gensim",
    "numpy",
    "pandas",
    "scikit-learn",
    "pillow",
    "h5py",
    "dvc",
)
# Not dvc.lock and data/, which a run itself changes.
_SOURCES = ("pipeline", "stages", "params.yaml", "dvc.yaml", "requirements.txt")


def git_revision() -> str:
    """The commit that is checked out, and whether its code or parameters have local changes."""
    try:
        revision = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--", *_SOURCES)
    except (OSError, subprocess.CalledProcessError):
        return "not under version control"
    return f"{revision} with local changes" if changed else revision


def committed(path: Path) -> str:
    """A file of the project as the last commit has it; empty without one."""
    try:
        return _git("show", f"HEAD:./{path.as_posix()}")
    except (OSError, subprocess.CalledProcessError):
        return ""


def last_commit() -> str:
    """The short name of the commit that is checked out; empty without one."""
    try:
        return _git("rev-parse", "--short", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        return ""


def made_on() -> str:
    """Today's date, for readers."""
    today = date.today()
    return f"{today.day} {today:%B %Y}"


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that affect values."""
    found = {"python": python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested parameters by dotted key, as `dvc exp run -S` names them."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        found |= flat(value, f"{key}.") if isinstance(value, dict) and value else {key: value}
    return found


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()
