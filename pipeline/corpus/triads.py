"""Clickture's triads, lines of picture, query and clicks, as tables of the layout `clicks`."""

import csv
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import whole_file

_HEADER = ("query", "image", "clicks")
_DIGITS = 18  # of a number of clicks, which has to fit in 64 bits


def convert_triads(source: Path, target: Path, suffix: str) -> int:
    """Write a `<split>_clicks.csv` of a file of triads, a line at a time; returns the lines.

    suffix: what the pictures' file names have behind the triads' names, such as `.jpg`.

    Raises:
        UserError: the source is missing, no UTF-8, or has a line that is no triad; the target
            cannot be written.
    """
    count = 0
    with whole_file(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        for picture, query, clicks in _triads(source):
            writer.writerow((query, f"{picture}{suffix}", clicks))
            count += 1
    return count


def _triads(path: Path) -> Iterator[tuple[str, str, int]]:
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                yield _triad(line.rstrip("\r\n"), f"{path}, line {number}")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 near line {number + 1}") from None


def _triad(line: str, place: str) -> tuple[str, str, int]:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) != len(_HEADER) or not all(cells):
        raise UserError(f"{place}: expected a picture, a query and its clicks, separated by tabs")
    picture, query, clicks = cells
    if not (clicks.isascii() and clicks.isdigit() and len(clicks) <= _DIGITS):
        raise UserError(f"{place}: clicks = {clicks[:40]!r}: should be a whole number from 0 on")
    return picture, query, int(clicks)
