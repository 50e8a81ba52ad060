"""Which revision a page says it comes from."""

import subprocess
from pathlib import Path

import pytest

from pipeline.report.provenance import flat, git_revision


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_revision_and_whether_code_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert git_revision() == "not under version control"
    for name in ("params.yaml", "dvc.lock"):
        Path(name).write_text("a: 1\n")
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Start")
    revision = git("rev-parse", "HEAD")
    assert git_revision() == revision
    Path("dvc.lock").write_text("written by the run itself\n")
    assert git_revision() == revision
    Path("params.yaml").write_text("a: 2\n")
    assert git_revision() == f"{revision} with local changes"


def test_parameters_by_dotted_key() -> None:
    assert flat({"a": {"b": {"c": 1}, "d": {}}, "e": [2]}) == {"a.b.c": 1, "a.d": {}, "e": [2]}
