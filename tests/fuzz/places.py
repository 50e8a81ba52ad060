"""What may lie in the place of a file."""

import os
from collections.abc import Callable
from pathlib import Path


def _folder(path: Path) -> None:
    path.mkdir()


def _nothing(path: Path) -> None:
    path.unlink(missing_ok=True)


PLACES: dict[str, Callable[[Path], None]] = {
    "nothing": _nothing,
    "an empty folder": _folder,
    "a link to nothing": lambda path: path.symlink_to("missing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to the folder": lambda path: path.symlink_to("."),
    "a link to a device": lambda path: path.symlink_to(os.devnull),
}
