"""Telling a user what is wrong: ten faults of a kind at once and how many there are."""

from pathlib import Path

from pipeline.errors import UserError

SHOWN = 10


class Faults:
    """Faults under one title, in the order they were found."""

    def __init__(self, title: str, hint: str = "") -> None:
        self._title = title
        self._hint = hint
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._lines.append(line)

    @property
    def first(self) -> list[str]:
        return self._lines[:SHOWN]

    def stop_if_more_than(self, allowed: int) -> None:
        """Raise unless there are at most `allowed` faults.

        Raises:
            UserError: the title, the total, the first ten faults and the hint.
        """
        if len(self._lines) > allowed:
            raise UserError(str(self))

    def __str__(self) -> str:
        more = len(self._lines) - SHOWN
        lines = [f"{self._title} ({len(self._lines)}):", *(f"  {line}" for line in self.first)]
        if more > 0:
            lines.append(f"  ... and {more} more")
        return "\n".join([*lines, self._hint] if self._hint else lines)


def contents(folder: Path) -> str:
    """What a folder has, to be told where something else was looked for."""
    if not folder.is_dir():
        return f"nor is there a folder {folder} (corpus.path)"
    names = sorted(entry.name for entry in folder.iterdir())
    more = ", ..." if len(names) > SHOWN else ""
    return f"{folder} has {', '.join(names[:SHOWN]) or 'nothing in it'}{more}"
