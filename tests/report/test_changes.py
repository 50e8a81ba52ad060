"""What the page says of the last commit."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import paths
from pipeline.report.changes import changes
from tests.tiny import ROOT, tiny_params

METRICS = {"accuracy": 0.75, "f1.explicit": 0.5, "tau_c": 0.2}


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder below a repository's root, with nothing committed of it."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "--quiet", "..")
    return folder


def commit(metrics: dict[str, float], **corpus: Any) -> None:
    params = YAML().load(ROOT / "params.yaml")
    params["corpus"].update(corpus)
    params["model"]["hidden"] = 6
    params["association"].update({"d_inv": 4, "d_var": 4})
    YAML().dump(params, Path("params.yaml"))
    paths.METRICS.parent.mkdir(parents=True)
    paths.METRICS.write_text(json.dumps(metrics))
    git("add", "--all", "--force")
    git("commit", "--quiet", "--message", "Start")


def test_figures_and_parameters_that_differ(project: Path) -> None:
    commit({"accuracy": 0.5, "f1.explicit": 0.75, "f1.gone": 1.0})
    found = changes(tiny_params({"fusion.lambda": 0.7, "compute.workers": 3}), METRICS)
    assert found["commit"] == git("rev-parse", "--short", "HEAD")
    assert found["figures"] == [
        {"name": "accuracy", "before": 50, "now": 75},
        {"name": "F1 of explicit", "before": 75, "now": 50},
    ]
    assert found["params"] == [{"name": "fusion.lambda", "before": 1.0, "now": 0.7}]


def test_figures_of_other_posts_are_not_compared(project: Path) -> None:
    commit(METRICS, path="data/others")
    found = changes(tiny_params(), METRICS)
    assert not found["same_corpus"]
    assert found["figures"] == []
    assert [each["name"] for each in found["params"]] == ["corpus.path"]


def test_nothing_to_compare_with(project: Path) -> None:
    assert changes(tiny_params(), METRICS) == {}
