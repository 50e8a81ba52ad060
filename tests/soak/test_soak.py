"""Short runs of `make soak` and `make faults`, and the same run in two folders."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dvc_project import clone_project
from tests.soak.invariants import made_in
from tests.soak.runs import WarmProject
from tests.soak.stages import Stage, read_stages
from tests.soak.struck import KILLS, Struck
from tests.soak.use import Use
from tests.tiny import ROOT

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> WarmProject:
    """After a run from empty."""
    folder = tmp_path_factory.mktemp("faults")
    project = clone_project(folder / "clone", folder / "cache", WarmProject)
    project.dvc("repro")
    return project


def evaluate_of(project: WarmProject) -> Stage:
    return next(s for s in read_stages(project.root, "dvc.yaml") if s.name == "evaluate")


@pytest.fixture(scope="module")
def struck(project: WarmProject) -> Struck:
    return Struck(project, [evaluate_of(project)])


@pytest.fixture(scope="module")
def use(tmp_path_factory: pytest.TempPathFactory) -> Use:
    return Use(tmp_path_factory.mktemp("use"), seed=0)


@pytest.mark.parametrize(
    "kind",
    ["add posts", "SIGKILL in a run", "a second clone", "checkout of an earlier state"],
)
def test_a_step_of_use_leaves_all_as_it_must_be(use: Use, kind: str) -> None:
    use.step(kind)


def test_two_folders_get_the_same_bytes(project: WarmProject, tmp_path: Path) -> None:
    """With other workers, other cores and an empty cache."""
    other = clone_project(tmp_path / "clone", tmp_path / "cache", WarmProject)
    other.set_params({"compute.workers": 3})
    other.environment["OMP_NUM_THREADS"] = "3"
    other.dvc("repro")
    made = made_in(other.root)
    assert len(made) > 20
    assert made == made_in(project.root)


@pytest.mark.parametrize(
    "faults",
    [KILLS, ["disk full"], ["no more open files"], ["folders read-only"], ["memory used up"]],
    ids=" ".join,
)
def test_after_faults_one_run_makes_all_as_it_was(struck: Struck, faults: list[str]) -> None:
    struck.series(evaluate_of(struck.project), faults, random.Random(0))


@pytest.mark.parametrize("fault", ["no more open files", "memory used up"])
@pytest.mark.parametrize("number", [200, 500, 800])
def test_a_fault_of_the_imports_ends_in_one_line(tmp_path: Path, fault: str, number: int) -> None:
    moment = {"stage": "stages.prepare", "phase": "starting", "number": number, "delay": 0}
    strike = {**moment, "fault": fault, "mark": str(tmp_path / "mark")}
    done = subprocess.run(
        [sys.executable, "-m", "stages.prepare"],
        cwd=tmp_path,
        env=os.environ
        | {"STRIKE": json.dumps(strike), "PYTHONPATH": f"{ROOT / 'tests/soak/injected'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tmp_path / "mark").exists()
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
