"""Reading of comma-separated files."""

import csv
import io
from pathlib import Path

from pipeline.core.text_files import read_text
from pipeline.corpus.tables.columns import Table
from pipeline.errors import UserError
from pipeline.faults import stop_if_any

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


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
    if len(header) == 1:
        raise UserError(_one_column(path, header[0]))
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


def _one_column(path: Path, header: str) -> str:
    found = next((name for sign, name in _SEPARATORS.items() if sign in header), "no commas")
    return f"{path}: one column only, {header!r}, with {found}; cells must be separated by commas"
