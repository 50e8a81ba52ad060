"""The sha256 of each file of a model's folder, so that a damaged or mixed one is noticed.

`SHA256SUMS` has the format of the program `sha256sum`, which can check it too. It guards against
accidents, not against someone who may write to the folder.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import file_hash, write_text

SUMS_FILE = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")


def write_sums(folder: Path, names: Iterable[str]) -> None:
    """Write SHA256SUMS of those of these files that the folder has.

    Raises:
        UserError: it cannot be written.
    """
    paths = [path for name in names if (path := folder / name).exists()]
    lines = [f"{file_hash(path)}  {path.name}\n" for path in paths]
    write_text(folder / SUMS_FILE, "".join(lines))


def require_sums(folder: Path, names: Iterable[str]) -> None:
    """Check these files against SHA256SUMS; a folder of an earlier version has none, and passes.

    Raises:
        UserError: a file differs from what SHA256SUMS says, or SHA256SUMS itself is damaged.
    """
    sums = _read_sums(folder / SUMS_FILE)
    for name in names:
        path = folder / name
        if name in sums and path.exists() and (found := file_hash(path)) != sums[name]:
            raise UserError(
                f"{path}: sha256 is {found}, but {SUMS_FILE} beside it says {sums[name]}; the file"
                f" was damaged, changed, or came from another model. If you changed it yourself,"
                f" delete {SUMS_FILE}"
            )


def _read_sums(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [_LINE.fullmatch(line) for line in lines]
    if wrong := [number for number, match in enumerate(found, start=1) if not match]:
        raise UserError(f"{path} is damaged: line {wrong[0]} is no sha256 with a file's name")
    return {match[2]: match[1] for match in found if match}
