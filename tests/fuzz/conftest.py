"""Counts the damaged files of a run of `make fuzz`."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from tests.cases import record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    if settings.get_current_profile_name() != "fuzz" or exitstatus != 0:
        return
    cases: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        if report.when != "call" or "undamaged" in report.nodeid:
            continue
        reader = Path(report.nodeid.partition("::")[0]).stem.removeprefix("test_")
        examples = re.findall(r"- (\d+) passing", report.__dict__.get("_hypothesis_stats", ""))
        cases[reader.replace("_", " ")] += sum(map(int, examples)) if examples else 1
    record("make fuzz", dict(sorted(cases.items())))
