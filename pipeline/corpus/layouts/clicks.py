"""Click logs: the images shown for a query, and how often each was clicked."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.corpus.layouts.csv import read_csv
from pipeline.corpus.layouts.pairs import SPLITS, Pair
from pipeline.errors import UserError
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams

CLICKED, PASSED = "clicked", "passed"
_COLUMNS = ("query", "image", "clicks")


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per row of {train,dev,test}_clicks.csv, columns query, image and clicks.

    Its label is `clicked`, or `passed` with no click.

    Raises:
        UserError: a table is missing or not a proper CSV file, lacks a column, or its clicks are
            not whole numbers.
    """
    return [
        Pair(identifier, split, CLICKED if clicks else PASSED, image, query, identifier)
        for split in SPLITS
        for identifier, query, image, clicks in _read(corpus, split)
    ]


def count_clicks(corpus: CorpusParams) -> dict[str, int]:
    """The number of clicks of each of these pairs, by id.

    Raises:
        UserError: as in `read`.
    """
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
    counts = [(line, cells[clicks].strip()) for line, cells in table.rows]
    stop_if_any(
        f"{path}: clicks that are not a whole number from 0 on",
        (
            f"line {n}: {count!r}"
            for n, count in counts
            if not (count.isascii() and count.isdigit())
        ),
    )
    for (line, count), (_, cells) in zip(counts, table.rows, strict=True):
        yield f"{path.name}#{line}", cells[query].strip(), cells[image].strip(), int(count)
