"""The split tables of a corpus in CCD's layout: {train,dev,test}_data.csv."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.corpus.pairs import SPLITS, Pair
from pipeline.corpus.tables.columns import locate_columns
from pipeline.corpus.tables.csv import read_csv
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
