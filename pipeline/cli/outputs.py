"""Where a command may write: never over what it reads, nor over a file of another kind."""

from argparse import _ActionsContainer
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import UserError


def require_output(out: Path, suffix: str, inputs: Iterable[Path | None]) -> None:
    """Check that writing `out` destroys nothing.

    suffix: of what the command writes; an existing file with another one is not replaced. inputs:
    files and folders that the command reads.

    Raises:
        UserError: it is an input or a file in one, is a folder, or is a file of another kind.
    """
    place = out.resolve()
    for given in inputs:
        source = given.resolve() if given else None
        if place == source or (source in place.parents and out.exists()):
            raise UserError(f"--out {out} would overwrite what the command reads ({given})")
    if out.is_dir():
        raise UserError(f"--out {out} is a folder; give a file, such as {out / f'out{suffix}'}")
    if out.exists() and out.suffix != suffix:
        raise UserError(
            f"--out {out} exists and is no {suffix} file, so it is not replaced; give another name"
        )


def add_raw_argument(parser: _ActionsContainer) -> None:
    """Add --raw, for tables that no spreadsheet opens."""
    parser.add_argument(
        "--raw",
        action="store_true",
        help="leave texts as they are that a spreadsheet would take for formulas; by default, an"
        " apostrophe comes before those that begin with =, +, - or @",
    )
