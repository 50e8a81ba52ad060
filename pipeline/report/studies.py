"""The studies' tables, where they have been made."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Table:
    """A table as text."""

    header: list[str]
    rows: list[list[str]]


@dataclass
class Study:
    """One Markdown file: its name, its tables and the paragraphs around them, in order."""

    title: str
    blocks: list[Table | str] = field(default_factory=list)


def read_studies(folder: Path) -> list[Study]:
    """Every Markdown file below a folder, by name; none if there is no such folder.

    Of Markdown only what the studies write is known: paragraphs, and tables with a header.
    """
    return [_read(path) for path in sorted(folder.rglob("*.md"))]


def _read(path: Path) -> Study:
    study = Study(path.stem.replace("_", " ").capitalize())
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line.strip() for line in block.strip().splitlines()]
        if not lines:
            continue
        if lines[0].startswith("# "):
            study.title = lines[0].removeprefix("# ")
        elif lines[0].startswith("|") and len(lines) > 2:
            header, _, *rows = (_cells(line) for line in lines)
            study.blocks.append(Table(header, rows))
        else:
            study.blocks.append(" ".join(line.lstrip("# ") for line in lines))
    return study


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
