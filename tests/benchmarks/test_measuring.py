import json
from pathlib import Path

import pytest

from tests.benchmarks import measuring
from tests.benchmarks.measuring import Ratio, alternate, report
from tests.benchmarks.table import table


def test_a_ratio_is_taken_pair_by_pair() -> None:
    # The machine slowed down to a third in between, and the ratio stayed.
    assert Ratio.of([2.0, 6.0, 6.6], [1.0, 3.0, 3.0]) == Ratio(2.0, 2.0, 2.2, 3)


def test_actions_take_turns() -> None:
    calls: list[str] = []
    seconds = alternate(2, one=lambda: calls.append("one"), other=lambda: calls.append("other"))
    assert calls == ["one", "other", "one", "other"]
    assert {name: len(values) for name, values in seconds.items()} == {"one": 2, "other": 2}


def test_reports_are_kept_side_by_side_and_shown_as_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reports" / "bench.json"
    monkeypatch.setattr(measuring, "BENCH", path)
    monkeypatch.setattr(measuring, "processor", lambda device: "Intel(R) Xeon(R) Processor")
    monkeypatch.setattr("tests.benchmarks.table.BENCH", path)
    report("first", "this against that", Ratio(1.0, 0.9, 1.1, 3), "at most 1.10", images=5)
    report("second", "those", Ratio(4.0, 4.0, 4.0, 1), "at least 4")
    report("third", "a miss", Ratio(1.4, 1.3, 1.5, 3), "at least 1.5, on two cores")
    report("first", "this against that", Ratio(1.05, 1.0, 1.1, 3), "at most 1.10", images=7)
    kept = json.loads(path.read_text())
    assert {name: entry["ratio"] for name, entry in kept.items()} == {
        "first": 1.05,
        "second": 4,
        "third": 1.4,
    }
    assert kept["first"]["sizes"] == {"images": 7}
    assert kept["first"]["machine"]["cores"] > 0
    assert "torch" in kept["first"]["versions"]
    lines = table().splitlines()
    assert lines[2].startswith(
        "| this against that | 1.05 | 1 to 1.1 | at most 1.10 | images 7 | Intel Xeon | "
    )
    assert [("**missed**" in line) for line in lines[2:]] == [False, False, True]
