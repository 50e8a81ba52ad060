"""Text files are in UTF-8 on every system: Windows would choose another encoding."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.tiny import ROOT

# The place of `encoding` among the arguments.
CALLS = {"read_text": 0, "write_text": 1, "open": 2}


def without_encoding(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            place = CALLS.get(node.func.attr, -1)
            given = len(node.args) > place or any(one.arg == "encoding" for one in node.keywords)
            modes = [one.value for one in node.args if isinstance(one, ast.Constant)]
            # `open` of an image, an archive or a store takes other things, or nothing.
            is_text = node.func.attr != "open" or modes in (["r"], ["w"], ["a"])
            if place >= 0 and is_text and not given:
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_text_file_names_its_encoding() -> None:
    folders = (ROOT / name for name in ("pipeline", "stages", "docs"))
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert [line for file in files for line in without_encoding(file)] == []
