"""The rooms of the library, their order, and which of their files a stage reaches by its imports.

A room is a folder below pipeline/, or a single file beside such folders. CONTRIBUTING.md has the
order, one floor a line.
"""

import ast
import re
from functools import cache
from pathlib import Path

from tests.tiny import ROOT

# Collections: a stage lists the files of them that it uses, unless it uses most.
COLLECTIONS = ("core", "features", "models", "metrics")
MOST = 0.75  # of a room's lines
# They decide no result. Parameters are tracked by value, and paths are the outputs themselves.
UNTRACKED = (
    "pipeline/params/",
    "pipeline/paths.py",
    "pipeline/errors.py",
    "pipeline/faults.py",
    "pipeline/files.py",
    "pipeline/finite.py",
    "pipeline/locks.py",
    "pipeline/waiting.py",
    "pipeline/cores.py",
    "pipeline/workers.py",
)


@cache
def floors() -> list[list[str]]:
    """The rooms of each floor, lowest first, as the table in CONTRIBUTING.md names them."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| *\d+ *\|([^|]+)\|", text, re.MULTILINE)
    return [[name.removesuffix("/") for name in re.findall(r"`([^`]+)`", row)] for row in rows]


def room_of(path: str) -> str | None:
    """The room of a file of the library, by the longest name that fits; None for one outside."""
    if not path.startswith("pipeline/") or path.startswith(UNTRACKED):
        return None
    below = path.removeprefix("pipeline/")
    names = [name for floor in floors() for name in floor]
    fitting = [name for name in names if below == name or below.startswith(f"{name}/")]
    return max(fitting, key=len) if fitting else f"no room has {path}"


@cache
def imported_files(source: Path) -> frozenset[Path]:
    """The project's files that a module imports, anywhere in its text."""
    text, names = source.read_text(), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    candidates = {ROOT / name.replace(".", "/") for name in names}
    if 'import_module(f".{' in text:  # those beside it are imported by name when chosen
        candidates |= {path.with_suffix("") for path in source.parent.glob("*.py")}
    found = {path.with_suffix(".py") for path in candidates}
    packages = {parent / "__init__.py" for path in candidates for parent in (path, *path.parents)}
    return frozenset(p for p in found | packages if p.is_file() and p.is_relative_to(ROOT))


@cache
def has_code(path: Path) -> bool:
    """False for a file that is only a docstring, as most `__init__.py` are."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body)


@cache
def reached_files(script: str) -> frozenset[str]:
    """The library's files that decide what a script makes, relative to the root."""
    todo, seen = {ROOT / script}, set()
    while todo:
        seen |= todo
        todo = {used for path in todo for used in imported_files(path)} - seen
    names = {path.relative_to(ROOT).as_posix() for path in seen if has_code(path)}
    return frozenset(name for name in names if room_of(name) is not None)


def dependencies_of(script: str) -> set[str]:
    """What dvc.yaml lists for a stage: its script, and the rooms and files that it reaches."""
    reached = reached_files(script)
    rooms = {room for path in reached if (room := room_of(path))}
    whole = {room for room in rooms if room not in COLLECTIONS or share_of(room, reached) >= MOST}
    files = {path for path in reached if room_of(path) not in whole}
    return {script, *files, *(f"pipeline/{room}" for room in whole)}


def share_of(room: str, reached: frozenset[str]) -> float:
    """The share of a room's lines of code that these files have."""
    lines = lines_of(room)
    return sum(count for name, count in lines.items() if name in reached) / sum(lines.values())


def lines_of(room: str) -> dict[str, int]:
    """The number of lines of each of a room's files that hold code."""
    place = ROOT / "pipeline" / room
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    names = {path.relative_to(ROOT).as_posix(): path for path in files if has_code(path)}
    return {
        name: len(path.read_text().splitlines())
        for name, path in names.items()
        if room_of(name) == room
    }
