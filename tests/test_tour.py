"""The notebook runs from top to bottom, on what a clone and a first run have."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import ROOT

NOTEBOOK = ROOT / "docs" / "tour.ipynb"
SHIPPED = "data/pretrained/ananet/flickr8k"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
# What a reader sees last in each part.
SEEN = "print(scores['percentile'].between(0, 100).sum(), len(found), len(first.links) > 0)"


@pytest.fixture
def clone(small_project: Path, tmp_path: Path) -> Path:
    """A clone after a run: the shipped encoders, a corpus and a model."""
    (tmp_path / SHIPPED).parent.mkdir(parents=True)
    (tmp_path / SHIPPED).symlink_to(ROOT / SHIPPED)
    for name in ("sample", "models"):
        (tmp_path / "data" / name).symlink_to(small_project / "data" / name)
    (tmp_path / "docs").mkdir()
    return tmp_path


def test_every_cell_runs(clone: Path, small_project: Path) -> None:
    code = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
    own = {"PYTHONPATH": str(ROOT), "ANANET_CACHE": str(small_project / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*code, SEEN])],
        cwd=clone / "docs",
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["6", "6", "True"]


def test_no_output_is_kept() -> None:
    """It would be that of another machine, and go stale."""
    for cell in CELLS:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
