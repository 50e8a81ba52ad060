"""Where a result comes from: revision, versions, parameters."""

import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

# What decides values; the rest of the environment does not.
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
# A run itself changes dvc.lock and data/; what it is a run of is in these.
_SOURCES = ("pipeline", "stages", "params.yaml", "dvc.yaml", "requirements.txt")


def git_revision() -> str:
    """The commit that is checked out, and whether its code or parameters were changed since."""
    try:
        revision = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--", *_SOURCES)
    except (OSError, subprocess.CalledProcessError):
        return "not under version control"
    return f"{revision} with local changes" if changed else revision


def package_versions() -> dict[str, str]:
    """Python and the packages that decide values."""
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
