"""Counts the damaged files of a run of `make fuzz`."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.cases import record

_EXAMPLES = "examples"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell how many examples a test had, also to another process."""
    found: Any = yield
    if call.when == "call":
        passed = re.findall(r"- (\d+) passing", getattr(item, "hypothesis_statistics", ""))
        found.get_result().user_properties.append((_EXAMPLES, sum(map(int, passed)) or 1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    if settings.get_current_profile_name() != "fuzz" or exitstatus != 0:
        return
    cases: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        if "undamaged" not in report.nodeid:
            reader = Path(report.nodeid.partition("::")[0]).stem.removeprefix("test_")
            cases[reader.replace("_", " ")] += dict(report.user_properties).get(_EXAMPLES, 0)
    record("make fuzz", dict(sorted(cases.items())))
