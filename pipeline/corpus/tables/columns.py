"""Finds the columns of a table by name and proposes the likely column for a missing one."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pipeline.errors import UserError
from pipeline.images.corpus import images_path
from pipeline.images.names import ImageNames
from pipeline.images.source import ImageSource
from pipeline.params.project import CorpusParams

ROLES = ("id", "image", "text", "label")
_SAMPLE = 1000


@dataclass(frozen=True)
class Table:
    """A table as text. Rows come with the number of the line that they begin in."""

    path: Path
    header: list[str]
    rows: list[tuple[int, list[str]]]

    def column(self, index: int) -> list[str]:
        """The first cells of a column."""
        return [cells[index].strip() for _, cells in self.rows[:_SAMPLE]]


def locate_columns(
    table: Table, corpus: CorpusParams, roles: Sequence[str] = ROLES
) -> dict[str, int]:
    """The index of the column for each role, all of id, image, text and label unless given.

    Raises:
        UserError: a column is missing or there twice; with the columns found and the likely one,
            by name or contents.
    """
    wanted = {role: getattr(corpus.columns, role) for role in roles}
    for name in wanted.values():
        if table.header.count(name) > 1:
            raise UserError(f"{table.path}: column {name!r} is there twice")
    missing = {role: name for role, name in wanted.items() if name not in table.header}
    if missing:
        used = set(wanted.values())
        free = {name: table.column(i) for i, name in enumerate(table.header) if name not in used}
        raise UserError(_complaint(table, missing, free, _Likeness(corpus)))
    return {role: table.header.index(name) for role, name in wanted.items()}


class _Likeness:
    """How much a column's cells look like a role; 0 or less if they do not."""

    def __init__(self, corpus: CorpusParams) -> None:
        self._labels = {*corpus.labels, *corpus.label_map}
        with ImageSource.open(images_path(Path(corpus.path), corpus.images)) as source:
            self._files = ImageNames(source.names())

    def __call__(self, role: str, cells: list[str]) -> float:
        distinct = set(cells)
        if distinct <= {""}:
            return 0.0
        if role == "label":
            return 2.0 if distinct <= self._labels else self._is_class(distinct, len(cells))
        if role == "image":
            return fmean(cell in self._files for cell in cells) - 0.5
        length = fmean(map(len, cells))
        # Texts are long; ids are distinct and short.
        return length if role == "text" else (len(distinct) == len(cells)) / (1 + length)

    def _is_class(self, distinct: set[str], count: int) -> float:
        few = 1 < len(distinct) <= max(20, len(self._labels)) and 2 * len(distinct) <= count
        return few / len(distinct)


def _complaint(
    table: Table, missing: dict[str, str], free: dict[str, list[str]], likeness: _Likeness
) -> str:
    lines = [
        f"  corpus.columns.{role} = {name!r} is not there; {_proposal(role, name, free, likeness)}"
        for role, name in missing.items()
    ]
    found = ", ".join(repr(name) for name in table.header)
    return "\n".join([f"{table.path}: columns found: {found}", *lines])


def _proposal(role: str, wanted: str, free: dict[str, list[str]], likeness: _Likeness) -> str:
    names = {name.lower(): name for name in free}
    if near := difflib.get_close_matches(wanted.lower(), names, n=1):
        return f"did you mean {names[near[0]]!r}?"
    scores = {name: likeness(role, cells) for name, cells in free.items()}
    best = max(scores, key=lambda name: scores[name], default="")
    if scores.get(best, 0) <= 0:
        return "no column looks like it"
    cells = ", ".join(repr(cell[:40]) for cell in dict.fromkeys(free[best][:3]))
    return f"by its contents it may be {best!r} ({cells}, ...)"
