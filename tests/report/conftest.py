"""The report of the small project, made once."""

from pathlib import Path

import pytest

from stages import report
from tests.small_project import working_in


@pytest.fixture(scope="session")
def reported(small_project: Path) -> Path:
    """The small project's folder, with its report."""
    with working_in(small_project):
        report.main()
    return small_project
