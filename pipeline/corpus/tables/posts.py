"""A CSV file of new posts, with the columns of the corpus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.corpus.tables.csv import read_csv
from pipeline.errors import UserError

ROLES = ("id", "image", "text", "label")
_NEEDED = ("image", "text")
_PLAIN = {role: role for role in ROLES}


@dataclass(frozen=True)
class PostTable:
    """Rows of new posts.

    rows: id, image and text of each, as `posts_of` takes them. lines: where each begins in the
    file. labels: of each, empty without one; None if the file has no column of labels.
    """

    name: str
    rows: list[dict[str, str]]
    lines: list[int]
    labels: list[str] | None


def read_post_table(path: Path, encoding: str, columns: Mapping[str, str] = _PLAIN) -> PostTable:
    """Read a table with images and texts and, optionally, ids (else row numbers) and labels.

    columns: the corpus's name for each of id, image, text and label; where the file lacks it, the
    column may be called id, image, text or label.

    Raises:
        UserError: the file cannot be read, or a column is missing or repeated.
    """
    table = read_csv(path, encoding)
    named = {role: _name(role, columns[role], table.header) for role in ROLES}
    wrong = [
        named[role]
        for role in ROLES
        if (n := table.header.count(named[role])) > 1 or (n == 0 and role in _NEEDED)
    ]
    if wrong:
        raise UserError(
            f"{path}: needs the columns {columns['image']} and {columns['text']}, and may have"
            f" {columns['id']} and {columns['label']}, each once; missing or repeated:"
            f" {', '.join(wrong)}; found: {', '.join(table.header)}"
        )
    places = {r: table.header.index(name) for r, name in named.items() if name in table.header}
    cells = [{role: row[place] for role, place in places.items()} for _, row in table.rows]
    rows = [
        {"id": cell.get("id", str(number)), "image": cell["image"].strip(), "text": cell["text"]}
        for number, cell in enumerate(cells, start=1)
    ]
    labels = [cell["label"].strip() for cell in cells] if "label" in places else None
    return PostTable(path.name, rows, [line for line, _ in table.rows], labels)


def _name(role: str, wanted: str, header: Sequence[str]) -> str:
    return role if wanted not in header and role in header else wanted
