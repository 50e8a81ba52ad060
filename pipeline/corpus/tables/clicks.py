"""Click logs: {train,dev,test}_clicks.csv, columns query, image and clicks."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.corpus.pairs import SPLITS
from pipeline.corpus.tables.csv import read_csv
from pipeline.errors import UserError
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams

_COLUMNS = ("query", "image", "clicks")
# Of a number of clicks; more would not fit in 64 bits.
_DIGITS = 18


def count_clicks(corpus: CorpusParams) -> dict[str, int]:
    """The number of clicks of each row, by id.

    Raises:
        UserError: as in `read_clicks`.
    """
    rows = (row for split in SPLITS for row in read_clicks(corpus, split))
    return {identifier: clicks for identifier, _, _, clicks in rows}


def read_clicks(corpus: CorpusParams, split: str) -> Iterator[tuple[str, str, str, int]]:
    """Yield id, query, image and clicks of each row.

    Raises:
        UserError: the table is missing or not a proper CSV file, lacks a column, or its clicks are
            not whole numbers.
    """
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
        f"{path}: clicks that are not a whole number from 0 on, of at most {_DIGITS} digits",
        (
            f"line {n}: {count[:40]!r}"
            for n, count in counts
            if not (count.isascii() and count.isdigit() and len(count) <= _DIGITS)
        ),
    )
    for (line, count), (_, cells) in zip(counts, table.rows, strict=True):
        yield f"{path.name}#{line}", cells[query].strip(), cells[image].strip(), int(count)
