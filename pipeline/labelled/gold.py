"""The relations that people gave to the posts of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.corpus.tables.posts import PostTable
from pipeline.faults import list_faults


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
