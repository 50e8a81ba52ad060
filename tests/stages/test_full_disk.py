"""A stage that the disk stops ends in one line, and what Git keeps stays whole."""

import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import ROOT


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_project, tmp_path / "project", symlinks=True))


def run_stage(project: Path, stage: str, most: int = -1) -> "subprocess.CompletedProcess[str]":
    """Run a stage that can let no file grow beyond `most` bytes, as on a full disk."""
    limit = resource.RLIM_INFINITY if most < 0 else most
    return subprocess.run(
        [sys.executable, "-m", f"stages.{stage}"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ANANET_CACHE": str(project / "cache")},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


@pytest.mark.parametrize(("stage", "most"), [("train", 60), ("evaluate", 1000), ("report", 5000)])
def test_a_full_disk_ends_in_one_line(project: Path, stage: str, most: int) -> None:
    metrics = project / "data/reports/metrics.json"
    metrics.write_bytes(before := metrics.read_bytes() + b"\n")
    done = run_stage(project, stage, most)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip("\n").splitlines()[-1].startswith("error: ")
    assert metrics.read_bytes() == before


def test_what_a_stage_writes_others_can_read(project: Path) -> None:
    shutil.rmtree(project / "data/models")
    before = os.umask(0o022)
    try:
        assert run_stage(project, "train").returncode == 0
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in project.glob("data/models/ananet/*")}
    assert modes.keys() == {"SHA256SUMS", "config.json", "encoders.json", "model.safetensors"}
    assert set(modes.values()) == {0o644}
