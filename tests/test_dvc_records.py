"""DVC pickles its records of files: they must lie where no other user of the machine can write."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tiny import ROOT

STAGE = "stages:\n  write:\n    cmd: echo 1 > written\n    outs:\n      - written\n"


def test_records_lie_in_the_users_own_cache(tmp_path: Path) -> None:
    clone, home = tmp_path / "clone", tmp_path / "home of a user"
    (clone / ".dvc").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", clone)
    shutil.copy(ROOT / ".dvc" / "config", clone / ".dvc")
    (clone / "dvc.yaml").write_text(STAGE)
    home.mkdir()
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}

    def call(*command: str) -> None:
        subprocess.run(command, cwd=clone, env=environment, check=True, capture_output=True)

    call("git", "init")
    call("make", "records", f"VENV={sys.prefix}", f"--old-file={sys.prefix}/.installed")
    # By hand, in a shell that knows nothing of the Makefile.
    call(f"{sys.prefix}/bin/dvc", "repro")

    records = home / ".cache" / "dvc"
    assert records.stat().st_mode & 0o777 == 0o700
    (own,) = (records / "repo").iterdir()
    assert any(own.rglob("cache.db"))
    assert not Path("/var/tmp/dvc/repo", own.name).exists()
