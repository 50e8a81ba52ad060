"""Messages that list faults of one kind: the first ten and how many there are."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

SHOWN = 10


def stop_if_any(title: str, faults: Iterable[str], hint: str = "") -> None:
    """Raise unless there are no faults.

    Raises:
        UserError: `list_faults` of them.
    """
    if lines := list(faults):
        raise UserError(list_faults(title, lines, hint))


def list_faults(title: str, faults: Sequence[str], hint: str = "") -> str:
    """The title with the number of faults, the first ten, one per line, and the hint."""
    lines = [f"{title} ({len(faults)}):", *(f"  {fault}" for fault in faults[:SHOWN])]
    if len(faults) > SHOWN:
        lines.append(f"  ... and {len(faults) - SHOWN} more")
    return "\n".join([*lines, hint] if hint else lines)


def parse_json(text: str | bytes, source: Path) -> Any:
    """The value that a JSON file, or a line of one, holds; source: for messages.

    Raises:
        UserError: it is no JSON in UTF-8, or nested or with numbers beyond what Python reads.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is not JSON: {error}") from None


def contents(folder: Path) -> str:
    """What a folder holds, for a message that something else is not in it."""
    if not folder.is_dir():
        return f"nor is there a folder {folder} (corpus.path)"
    names = sorted(entry.name for entry in folder.iterdir())
    more = ", ..." if len(names) > SHOWN else ""
    return f"{folder} has {', '.join(names[:SHOWN]) or 'nothing in it'}{more}"
