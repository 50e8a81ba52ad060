"""Parts run in a clone that knows the commit, the parameters and the corpus, and keeps its work."""

import subprocess
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from pipeline.errors import UserError
from results.__main__ import _make as make
from results.clone import Clone
from results.plan import Plan
from results.record import read_record

MAKE = """
import json, pathlib, yaml
value = yaml.safe_load(open("params.yaml"))["model"]["width"]
text = pathlib.Path("data/corpus/text.txt").read_text()
pathlib.Path("made").mkdir(exist_ok=True)
pathlib.Path("made/figures.json").write_text(json.dumps({"width": value, "text": text}))
runs = pathlib.Path("data/runs.txt")
runs.write_text((runs.read_text() if runs.exists() else "") + f"{value}\\n")
"""
PLAN = Plan.model_validate(
    {
        "corpora": {
            "corpus": {
                "files": {"corpus/text.txt": "texts/one.txt"},
                "params": {"params.yaml": {"model.width": 1}},
            }
        },
        "parts": {
            "widths": {
                "corpus": "corpus",
                "about": "widths",
                "hours": 0.1,
                "points": {"two": {"params.yaml": {"model.width": 2}}, "one": {}},
                "commands": ["python make.py"],
                "keep": ["made"],
                "summary": "files",
            }
        },
    }
)


def git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout


def commit(message: str) -> str:
    git("add", "-A")
    git("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", message)
    return git("rev-parse", "HEAD").strip()


@pytest.fixture
def real_data(tmp_path: Path) -> Iterator[Path]:
    """Real data, seen from a project under Git with a script and its parameter."""
    (tmp_path / "real" / "texts").mkdir(parents=True)
    (tmp_path / "real" / "texts" / "one.txt").write_text("Real.")
    (tmp_path / "project").mkdir()
    with chdir(tmp_path / "project"):
        git("init", "-q")
        Path("params.yaml").write_text("model:\n  width: 5\n")
        Path("make.py").write_text(MAKE)
        Path("dvc.lock").write_text("of the commit\n")
        Path(".gitignore").write_text(".results/\n/data\n/docs\n")
        commit("First")
        yield tmp_path / "real"


def test_every_point_runs_with_its_params_and_is_recorded(real_data: Path) -> None:
    make(PLAN, "widths", "digest", real_data)
    entry = read_record()["widths"]
    assert {point: files["figures.json"]["width"] for point, files in entry.figures.items()} == {
        "two": 2,
        "one": 1,
    }
    assert entry.figures["one"]["figures.json"]["text"] == "Real."
    assert git("rev-parse", "HEAD").startswith(entry.commit)


def test_a_killed_part_goes_on_where_it_stopped(real_data: Path) -> None:
    clone = Clone("corpus")
    clone.prepare(git("rev-parse", "HEAD").strip(), PLAN.corpora["corpus"].files, real_data)
    part = PLAN.parts["widths"]
    clone.run(PLAN, part, "two")
    clone.keep("widths", part, "two", "digest")
    make(PLAN, "widths", "digest", real_data)
    runs = clone.root / "data" / "runs.txt"
    assert runs.read_text().split() == ["2", "1"]
    make(PLAN, "widths", "another digest", real_data)
    assert runs.read_text().split() == ["2", "1", "2", "1"]


def test_a_new_commit_keeps_what_dvc_recorded_in_the_clone(real_data: Path) -> None:
    make(PLAN, "widths", "digest", real_data)
    clone = Clone("corpus")
    (clone.root / "dvc.lock").write_text("of the clone\n")
    Path("make.py").write_text(MAKE.replace("{value}", "new {value}"))
    new = commit("Second")
    clone.prepare(new, PLAN.corpora["corpus"].files, real_data)
    assert "new" in (clone.root / "make.py").read_text()
    assert (clone.root / "dvc.lock").read_text() == "of the clone\n"


def test_uncommitted_code_is_refused(real_data: Path) -> None:
    Path("make.py").write_text(MAKE + "\n")
    with pytest.raises(UserError, match=r"commit first .*: make\.py"):
        make(PLAN, "widths", "digest", real_data)


def test_missing_corpora_are_named(real_data: Path) -> None:
    with pytest.raises(UserError, match=r"set REAL_DATA to the folder that has texts/one\.txt"):
        make(PLAN, "widths", "digest", None)
    (real_data / "texts" / "one.txt").unlink()
    with pytest.raises(UserError, match=r"one\.txt not found"):
        make(PLAN, "widths", "digest", real_data)


def test_a_failed_command_is_named_and_nothing_recorded(real_data: Path) -> None:
    Path("make.py").write_text("raise SystemExit(3)\n")
    commit("Fails")
    with pytest.raises(UserError, match=r"`python make\.py` failed in \.results/corpus"):
        make(PLAN, "widths", "digest", real_data)
    assert read_record() == {}
