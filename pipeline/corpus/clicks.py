"""Click logs: which pictures people were shown after a query, and which of them they chose."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.corpus.faults import Faults
from pipeline.corpus.pairs import SPLITS, Pair
from pipeline.corpus.tables import read_csv
from pipeline.errors import UserError
from pipeline.params import CorpusParams

CLICKED, PASSED = "clicked", "passed"
_COLUMNS = ("query", "image", "clicks")


def read_clicks(corpus: CorpusParams) -> list[Pair]:
    """A pair per row of {train,dev,test}_clicks.csv, columns query, image and clicks.

    Its label is `clicked`, or `passed` with no click.

    Raises:
        UserError: a table is missing or no proper CSV file, lacks a column, or a number of clicks
            is none.
    """
    return [
        Pair(identifier, split, CLICKED if clicks else PASSED, image, query, identifier)
        for split in SPLITS
        for identifier, query, image, clicks in _read(corpus, split)
    ]


def count_clicks(corpus: CorpusParams) -> dict[str, int]:
    """The number of clicks of each of these pairs, by id."""
    rows = (row for split in SPLITS for row in _read(corpus, split))
    return {identifier: clicks for identifier, _, _, clicks in rows}


def _read(corpus: CorpusParams, split: str) -> Iterator[tuple[str, str, str, int]]:
    """Id, query, image and clicks of each row."""
    path = Path(corpus.path) / f"{split}_clicks.csv"
    table = read_csv(path, corpus.encoding)
    if missing := [name for name in _COLUMNS if table.header.count(name) != 1]:
        raise UserError(
            f"{path}: needs the columns {', '.join(_COLUMNS)}, each once; missing or repeated:"
            f" {', '.join(missing)}; found: {', '.join(table.header)}"
        )
    query, image, clicks = (table.header.index(name) for name in _COLUMNS)
    faults = Faults(f"{path}: clicks that are no whole number from 0 on")
    for line, cells in table.rows:
        count = cells[clicks].strip()
        if not (count.isascii() and count.isdigit()):
            faults.add(f"line {line}: {count!r}")
            continue
        yield f"{path.name}#{line}", cells[query].strip(), cells[image].strip(), int(count)
    faults.stop_if_more_than(0)
