"""The split tables of a corpus in CCD's layout: {train,dev,test}_data.csv."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pipeline.corpus.columns import Table, locate_columns
from pipeline.corpus.faults import Faults
from pipeline.corpus.image_names import ImageNames
from pipeline.corpus.pairs import SPLITS, Pair
from pipeline.corpus.text_files import read_text
from pipeline.errors import UserError
from pipeline.params import CorpusParams


def read_tables(corpus: CorpusParams, files: ImageNames) -> list[Pair]:
    """All pairs: train, dev, test, each in file order.

    Every cell is text: nothing is read as a number, a date or a missing value. White space around
    ids, image names and labels is dropped; texts stay as they are.

    Args:
        files: the pictures there are, by which an image column can be told.

    Raises:
        UserError: a table is missing, is no proper CSV file or lacks a column.
    """
    return [pair for split in SPLITS for pair in _read_split(corpus, split, files)]


def _read_split(corpus: CorpusParams, split: str, files: ImageNames) -> Iterator[Pair]:
    table = read_csv(Path(corpus.path) / f"{split}_data.csv", corpus.encoding)
    columns = locate_columns(table, corpus, files)
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

    Python's reader rather than pandas': it refuses a cell that goes on behind its closing quote,
    and it shows rows as they are, where pandas fills short ones up.

    Raises:
        UserError: the file cannot be read, breaks the quoting rules, or has rows of another
            width than its header; with line numbers.
    """
    reader = csv.reader(io.StringIO(read_text(path, encoding), newline=""), strict=True)
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
            ' breaks stands in quotes, and a quote in it is written twice ("")'
        ) from None
    if len(records) < 2:
        raise UserError(f"{path} has no rows; it needs a line with the columns' names, then pairs")
    header = [name.strip() for name in records[0][1]]
    table = Table(path, header, records[1:])
    _check_widths(table)
    return table


def _check_widths(table: Table) -> None:
    width = len(table.header)
    faults = Faults(
        f"{table.path}: rows without {width} cells, as the header has",
        "A line break or comma inside a cell needs quotes around the cell.",
    )
    for line, cells in table.rows:
        if len(cells) != width:
            faults.add(f"line {line}: {len(cells)} cells, beginning {cells[0][:40]!r}")
    faults.stop_if_more_than(0)
