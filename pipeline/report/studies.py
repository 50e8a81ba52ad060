"""Reads the studies' Markdown files."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.pages.thumbnails import file_uri

_FIGURES = {".svg": "svg+xml", ".png": "png"}
_MARK = re.compile(r"\[\^(\w+)\]:?")


@dataclass
class Table:
    """A table of text cells."""

    header: list[str]
    rows: list[list[str]]


@dataclass
class Study:
    """One Markdown file: its tables and the paragraphs around them, in order.

    figure: the SVG or PNG file of the same name as a data URI; empty if there is none.
    """

    title: str
    figure: str = ""
    blocks: list[Table | str] = field(default_factory=list)


def read_studies(folder: Path) -> list[Study]:
    """Every Markdown file below a folder, by name; none if there is no such folder.

    Reads only the Markdown that the studies write: a title, paragraphs, tables with a header, and
    footnotes, whose marks are put in parentheses.
    """
    return [_read(path) for path in sorted(folder.rglob("*.md"))]


def _read(path: Path) -> Study:
    study = Study(path.stem.replace("_", " ").capitalize())
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [_plain(line.strip()) for line in block.strip().splitlines()]
        if lines and lines[0].startswith("# "):
            study.title = lines[0].removeprefix("# ")
        elif lines:
            study.blocks += _blocks(lines, is_notes=block.startswith("[^"))
    for suffix, kind in _FIGURES.items():
        figure = path.with_suffix(suffix)
        if figure.exists() and not study.figure:
            study.figure = file_uri(figure, kind)
    return study


def _blocks(lines: list[str], is_notes: bool) -> list[Table | str]:
    if lines[0].startswith("|") and len(lines) > 2:
        header, _, *rows = (_cells(line) for line in lines)
        return [Table(header, rows)]
    return [*lines] if is_notes else [" ".join(lines)]


def _plain(line: str) -> str:
    return _MARK.sub(r"(\1)", line).replace("`", "")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
