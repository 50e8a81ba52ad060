"""A CSV file of new posts, with the columns of the corpus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.corpus.tables.csv import read_csv
from pipeline.errors import UserError
from pipeline.faults import list_faults

ROLES = ("id", "image", "text", "label")
_NEEDED = ("image", "text")


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


def read_post_table(path: Path, encoding: str, columns: Mapping[str, str]) -> PostTable:
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


@dataclass(frozen=True)
class Gold:
    """The relations that people gave to the rows of a table.

    classes: an index per row, -1 for a row that cannot be measured. notes: a message that names
    such rows, for each reason.
    """

    classes: list[int]
    notes: list[str]


def read_gold(table: PostTable, labels: Sequence[str], label_map: Mapping[str, str]) -> Gold:
    """The labels of a table as those of a model; none in a table without labels.

    labels: the model's. label_map: a label of the table to its class name, where they differ.
    """
    named = [label_map.get(label, label) for label in table.labels or [""] * len(table.rows)]
    classes = [labels.index(label) if label in labels else -1 for label in named]
    return Gold(classes, _notes(table, named, labels) if table.labels else [])


def _notes(table: PostTable, named: Sequence[str], labels: Sequence[str]) -> list[str]:
    lines = [*zip(table.lines, named, strict=True)]
    unknown = [f"line {n}: {label!r}" for n, label in lines if label and label not in labels]
    empty = [f"line {n}" for n, label in lines if not label]
    hint = f"The model knows {', '.join(labels)}; corpus.label_map in params.yaml can map others."
    notes = []
    if unknown:
        notes.append(list_faults(f"{table.name}: unknown labels, not measured", unknown, hint))
    if empty:
        notes.append(list_faults(f"{table.name}: rows without a label, not measured", empty))
    return notes
