"""Tables say what was found, in figures and in plain words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.studies.tables.published import Entry
from pipeline.studies.tables.runs import Runs
from pipeline.studies.tables.statistics import Bootstrap
from pipeline.studies.tables.tables import (
    Notes,
    class_lines,
    class_table,
    footnotes,
    score_lines,
    score_table,
    write_table,
)

LABELS = ["irrelevant", "implicit", "explicit"]
ENTRIES = [
    Entry(row="ours", method="Ours", accuracy=84.84, f1_weighted=83.84),
    Entry(row="other", method="Other", caveats=["note"], f1={"implicit": 42.86}),
]
NOTES = Notes("data/mine", 40, "CCD")
CAVEATS = {"note": "Mind this."}


def rows(errors: dict[str, int], pairs: int = 40) -> dict[str, Runs]:
    """Rows of two runs that are wrong about the first so many pairs."""
    gold = np.arange(pairs) % 3
    found = {}
    for name, count in errors.items():
        predicted = np.where(np.arange(pairs) < count, (gold + 1) % 3, gold)
        votes = np.eye(3, dtype=np.float32)[np.stack([predicted] * 2)]
        found[name] = Runs(gold, votes, np.zeros_like(gold))
    return found


def table_of(ours: int, other: int) -> pd.DataFrame:
    found = rows({"ours": ours, "other": other})
    return score_table(ENTRIES, found, Bootstrap([*map(str, range(40))], 300, seed=0), "ours")


def test_figures_are_in_percent_beside_the_published() -> None:
    table = table_of(4, 10).set_index("row")
    assert table.loc["ours", "accuracy"] == pytest.approx(90)
    assert table.loc["ours", "accuracy_published"] == 84.84
    assert table.loc["other", "accuracy_gap"] == pytest.approx(-15)
    assert pd.isna(table.loc["ours", "accuracy_gap"])
    assert pd.isna(table.loc["other", "accuracy_published"])
    lines = score_lines(table_of(4, 10), ENTRIES, "Ours").splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "| Ours | 90.0 ± 0.0 |" in lines[2]
    assert "| 84.84 |" in lines[2]
    assert lines[3].startswith("| Other [1] | 75.0 ± 0.0 |")
    assert "| -15.0 (" in lines[3]


@pytest.mark.parametrize(
    ("ours", "other", "said"),
    [
        (2, 20, "Ours's mean accuracy is above that of every other row."),
        (10, 4, "Ours is not ahead of: Other."),
        (9, 10, "Ours's mean accuracy is above that of every other row. The interval"),
    ],
)
def test_verdict_is_plain(ours: int, other: int, said: str) -> None:
    assert NOTES.verdict(table_of(ours, other), "Ours").startswith(said)


def test_classes_are_matched_by_name() -> None:
    table = class_table(ENTRIES, rows({"ours": 0, "other": 40}), LABELS)
    assert table["label"].tolist() == LABELS * 2
    assert table["f1"].tolist() == [100] * 3 + [0] * 3
    published = table.set_index(["row", "label"])["f1_published"]
    assert published["other", "implicit"] == 42.86
    assert published.isna().sum() == 5
    lines = class_lines(table, ENTRIES, LABELS).splitlines()
    assert lines[3].split("|")[4:6] == [" 42.86 ".replace("42.86", "0.0 ± 0.0"), " 42.86 "]


def test_footnotes_are_those_of_the_rows_shown() -> None:
    assert footnotes(ENTRIES, CAVEATS) == "[1] Mind this."
    assert footnotes(ENTRIES[:1], CAVEATS) == ""


def test_files_hold_the_table_and_the_text(tmp_path: Path) -> None:
    write_table(tmp_path / "new", "table", table_of(4, 10), "# Title", "", "Text.")
    assert (tmp_path / "new" / "table.md").read_text() == "# Title\n\nText.\n"
    found = pd.read_csv(tmp_path / "new" / "table.csv")
    assert found["accuracy"].tolist() == [90, 75]
