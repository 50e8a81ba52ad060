"""The wheel has what the library reads, and works in an empty folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tiny import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(
        ["git", "ls-files", "pipeline", "pyproject.toml", "README.md", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    for name in tracked:  # building leaves files beside its sources
        if (ROOT / name).exists():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "source" / name).write_bytes((ROOT / name).read_bytes())
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder)]
    subprocess.run([*command, str(folder / "source")], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_has_the_library_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "pipeline"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = {name for name in done.stdout.split() if (ROOT / name).exists()}
    assert names == tracked
    assert "pipeline/py.typed" in names


def test_command_and_predictor_work_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "installed").mkdir()
    (tmp_path / "empty").mkdir()
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}

    def call(*words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(
            command, cwd=tmp_path / "empty", env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    entry = "from pipeline.__main__ import command; command()"
    assert "-S model.hidden=1024" in call("-c", entry, "preset", "paper")
    code = f"""
from pathlib import Path
from pipeline.prediction import Scorer
import pipeline
assert Path(pipeline.__file__).is_relative_to({str(tmp_path)!r})
scorer = Scorer.from_pretrained({str(ROOT / "data/pretrained/ananet/flickr8k")!r})
(score,) = scorer.score([({str(ROOT / "docs/figures/report.png")!r}, "an owl on a branch")])
print(0 <= score.percentile <= 100)
"""
    assert call("-c", code).split() == ["True"]
