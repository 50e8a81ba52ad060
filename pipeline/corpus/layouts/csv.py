"""The split tables of a corpus in CCD's layout: {train,dev,test}_data.csv."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pipeline.core.text_files import read_text
from pipeline.corpus.layouts.columns import Table, locate_columns
from pipeline.corpus.layouts.pairs import SPLITS, Pair
from pipeline.errors import UserError
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams


def read(corpus: CorpusParams) -> list[Pair]:
    """All pairs: train, dev, test, each in file order.

    Every cell is text: nothing is parsed as a number, a date or a missing value. White space around
    ids, image names and labels is stripped; texts stay as they are.

    Raises:
        UserError: a table is missing, is not a proper CSV file or lacks a column.
    """
    return [pair for split in SPLITS for pair in _read_split(corpus, split)]


def _read_split(corpus: CorpusParams, split: str) -> Iterator[Pair]:
    table = read_csv(Path(corpus.path) / f"{split}_data.csv", corpus.encoding)
    columns = locate_columns(table, corpus)
    for line, cells in table.rows:
        yield Pair(
            id=cells[columns["id"]].strip(),
            split=split,
            label=cells[columns["label"]].strip(),
            image=cells[columns["image"]].strip(),
            text=cells[columns["text"]],
            where=f"{table.path.name} line {line}",
        )


def read_csv(path: Path, encoding: str) -> Table:
    """Header and rows of a comma-separated file with a header line.

    Python's reader rather than pandas': it refuses a cell that goes on after its closing quote,
    and does not fill up short rows.

    Raises:
        UserError: the file cannot be read, breaks the quoting rules, or has rows of another
            width than its header; with line numbers.
    """
    records = _records(path, read_text(path, encoding))
    if len(records) < 2:
        raise UserError(f"{path} has no rows; it needs a line with the columns' names, then pairs")
    header = [name.strip() for name in records[0][1]]
    table = Table(path, header, records[1:])
    _check_widths(table)
    return table


def _records(path: Path, text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = []
    try:
        line = 1
        for cells in reader:
            if cells:
                records.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{path}, row that begins in line {line}: {error}; a cell with commas, quotes or line"
            ' breaks must be in quotes, and a quote in it written twice ("")'
        ) from None
    return records


def _check_widths(table: Table) -> None:
    width = len(table.header)
    stop_if_any(
        f"{table.path}: rows without {width} cells, as the header has",
        (
            f"line {line}: {len(cells)} cells, beginning {cells[0][:40]!r}"
            for line, cells in table.rows
            if len(cells) != width
        ),
        "A line break or comma inside a cell needs quotes around the cell.",
    )
