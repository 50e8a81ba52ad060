"""No result in the documents is typed by hand: it stands in a block that a table's code wrote."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tiny import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"<!-- \[\[\[cog .*?<!-- \[\[\[end\]\]\] -->", re.DOTALL)
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
# Mean and deviation; a score beside its name; two figures of a table with one decimal or more.
METRIC = r"(?:accuracy|F1|rSum|AUC|tau-c|R@\d+|NDCG@\d+)"
TYPED = re.compile(
    rf"±|ecorded (?:at commit|with)|{METRIC}\b[^.|\n\d]{{0,25}}\b\d+\.\d+"
    r"|\|[^|\n]*\b\d{2}\.\d+[^|\n]*\|[^|\n]*\b\d{2}\.\d+[^|\n]*\|"
)


def published() -> set[str]:
    """Figures of papers, which lie in data files."""
    files = (
        ROOT / "pipeline" / "studies" / "tables" / "published.yaml",
        ROOT / "results" / "measured.yaml",
    )
    return {figure for file in files for figure in re.findall(r"\d+\.\d+", file.read_text())}


def typed_results(text: str) -> Iterator[str]:
    rest = FENCE.sub("", BLOCK.sub("", text))
    for match in TYPED.finditer(rest):
        figures = re.findall(r"\d+\.\d+", match[0])
        if not figures or not {*figures} <= published():
            yield match[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_result_is_typed_by_hand(document: Path) -> None:
    explained = "Mean ± standard deviation"  # how to read a table
    text = document.read_text(encoding="utf-8").replace(explained, "")
    assert [*typed_results(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "AnANet reaches 71.24 ± 0.71.",
        "It gives an accuracy of 87.3 there.",
        "| AnANet | 66.2 | 64.5 |",
        "Recorded at commit `abc`.",
        "its rSum is 495.8",
    ],
)
def test_typed_results_are_seen(text: str) -> None:
    assert [*typed_results(text)]


def test_blocks_are_what_their_code_writes() -> None:
    command = [sys.executable, "-m", "cogapp", "--check", *map(str, DOCUMENTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run: make documents\n{done.stdout}{done.stderr}"
