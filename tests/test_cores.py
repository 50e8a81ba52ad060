"""The number of cores is known on every system."""

import os
from pathlib import Path

import pytest

from pipeline.cores import core_count
from tests.tiny import ROOT


def test_only_own_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5, 7}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert core_count() == 3


@pytest.mark.parametrize(("told", "count"), [(6, 6), (None, 1)])
def test_systems_without_affinity(
    monkeypatch: pytest.MonkeyPatch, told: int | None, count: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: told)
    assert core_count() == count


def test_nothing_else_asks_the_system() -> None:
    folders = ("pipeline", "stages", "results", "tests")
    files = {file for folder in folders for file in (ROOT / folder).rglob("*.py")}
    asking = {file for file in files if "sched_getaffinity" in file.read_text(encoding="utf-8")}
    assert asking == {ROOT / "pipeline" / "cores.py", Path(__file__)}
