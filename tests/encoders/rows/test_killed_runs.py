from pathlib import Path

import pytest

from tests.encoders.rows.killed_runs import KINDS, kill_and_resume


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_killed_at_any_moment_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path: Path, kind: str
) -> None:
    """A few of the kills that tests/benchmarks/kills.py makes."""
    kills = kill_and_resume(kind, tmp_path, kills=6, seed=4)
    assert kills.count >= 6
