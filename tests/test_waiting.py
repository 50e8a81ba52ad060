"""Programs let threads spin briefly, unless the user says otherwise; the library does not."""

import os
import subprocess
import sys

import pytest

from tests.tiny import ROOT

NAMES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def spin_count(imported: str, **given: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in NAMES} | given
    code = (
        f"import os, sys; {imported}; "
        "print(os.environ.get('GOMP_SPINCOUNT', 'unset'), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\n")[-2]


COMMAND = "from pipeline.__main__ import main; main(['preset', 'paper'])"


@pytest.mark.parametrize("program", ["import stages", COMMAND])
def test_programs_set_it_before_torch_is_there(program: str) -> None:
    assert spin_count(program) == "1000 False"


@pytest.mark.parametrize("program", ["import stages", COMMAND])
def test_the_user_goes_first(program: str) -> None:
    assert spin_count(program, GOMP_SPINCOUNT="7") == "7 False"
    assert spin_count(program, OMP_WAIT_POLICY="active") == "unset False"


def test_importing_the_library_changes_nothing() -> None:
    assert spin_count("import pipeline.prediction") == "unset True"
