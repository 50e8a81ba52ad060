"""Each line of docs/promises.md names tests that exist."""

import ast
import re

import pytest

from tests.tiny import ROOT

TEXT = (ROOT / "docs/promises.md").read_text(encoding="utf-8").partition("## What was tried")[0]
PROMISES = [
    line
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| promise |")
]


@pytest.mark.parametrize("line", PROMISES)
def test_a_promise_is_shown_by_tests_that_exist(line: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", line)
    assert named
    for file, name in named:
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in found, f"tests/{file} has no {name}"
