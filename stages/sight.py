"""Whether DVC sees the pipelines besides the main one, which .dvcignore hides."""

from pathlib import Path

HIDDEN = "/stages/*/dvc.yaml"  # the line of .dvcignore
# Its own .dvcignore below takes that back while it lies there.
SIGHT = Path("stages/.dvcignore")


def all_in_sight() -> bool:
    """Whether DVC sees every pipeline now."""
    return SIGHT.exists() or HIDDEN not in Path(".dvcignore").read_text("utf-8").splitlines()
