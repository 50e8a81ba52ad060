"""Which column of a table is which, and what to propose where a name does not fit."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pipeline.corpus.image_names import ImageNames
from pipeline.errors import UserError
from pipeline.params import CorpusParams

ROLES = ("id", "image", "text", "label")
_SAMPLE = 1000


@dataclass(frozen=True)
class Table:
    """A table as text. Rows carry the number of the line they begin in."""

    path: Path
    header: list[str]
    rows: list[tuple[int, list[str]]]

    def column(self, index: int) -> list[str]:
        """The first cells of a column, enough to tell what it holds."""
        return [cells[index].strip() for _, cells in self.rows[:_SAMPLE]]


def locate_columns(table: Table, corpus: CorpusParams, files: ImageNames) -> dict[str, int]:
    """The index of the column for each of id, image, text and label.

    Raises:
        UserError: a column is missing or there twice; with the columns found and, from names and
            contents, the likely one.
    """
    wanted = {role: getattr(corpus.columns, role) for role in ROLES}
    for name in wanted.values():
        if table.header.count(name) > 1:
            raise UserError(f"{table.path}: column {name!r} is there twice")
    missing = [role for role in ROLES if wanted[role] not in table.header]
    if missing and len(table.header) == 1:
        raise UserError(
            f"{table.path}: one column only, {table.header[0]!r}; cells are parted by commas"
        )
    if missing:
        free = [i for i, name in enumerate(table.header) if name not in wanted.values()]
        lines = [
            f"  corpus.columns.{role} = {wanted[role]!r} is not there;"
            f" {_proposal(table, role, wanted[role], free, corpus, files)}"
            for role in missing
        ]
        found = ", ".join(repr(name) for name in table.header)
        raise UserError("\n".join([f"{table.path}: columns found: {found}", *lines]))
    return {role: table.header.index(wanted[role]) for role in ROLES}


def _proposal(
    table: Table,
    role: str,
    wanted: str,
    free: list[int],
    corpus: CorpusParams,
    files: ImageNames,
) -> str:
    names = {table.header[i].lower(): i for i in free}
    if near := difflib.get_close_matches(wanted.lower(), names, n=1):
        return f"did you mean {table.header[names[near[0]]]!r}?"
    scores = {i: _likeness(role, table.column(i), corpus, files) for i in free}
    best = max(free, key=lambda i: scores[i], default=None)
    if best is None or scores[best] <= 0:
        return "no column looks like it"
    cells = ", ".join(repr(cell[:40]) for cell in dict.fromkeys(table.column(best)[:3]))
    return f"by its contents it may be {table.header[best]!r} ({cells}, ...)"


def _likeness(role: str, cells: list[str], corpus: CorpusParams, files: ImageNames) -> float:
    """How much a column's cells look like `role`; 0 or less if they do not."""
    distinct = set(cells)
    if not cells or distinct == {""}:
        return 0.0
    if role == "label":
        known = distinct <= {*corpus.labels, *corpus.label_map}
        few = 1 < len(distinct) <= max(20, len(corpus.labels)) and 2 * len(distinct) <= len(cells)
        return 2.0 if known else few / len(distinct)
    if role == "image":
        return fmean(cell in files for cell in cells) - 0.5
    length = fmean(map(len, cells))
    # Ids all differ and are short; a text is what is long.
    return length if role == "text" else (len(distinct) == len(cells)) / (1 + length)
