"""The paper's figures agree with each other as far as they can."""

import pytest

from pipeline.params.studies import load_study_params
from pipeline.studies.tables.published import published
from tests.tiny import ROOT

PAPER = published()
SUPPORT = {"irrelevant": 319, "implicit": 106, "explicit": 558}
WEIGHTED = {"ananet": 83.84, "association": 83.20, "alignment": 82.32}


@pytest.mark.parametrize("entry", [*PAPER.table3, *PAPER.table4, *PAPER.table6], ids=repr)
def test_accuracy_is_a_number_of_the_test_pairs_or_has_its_caveat(entry: object) -> None:
    total = sum(SUPPORT.values())
    nearest = min(abs(100 * k / total - entry.accuracy) for k in range(total + 1))  # type: ignore[attr-defined]
    assert (nearest > 0.011) == ("not_k" in entry.caveats)  # type: ignore[attr-defined]


@pytest.mark.parametrize("entry", PAPER.table5, ids=lambda entry: entry.row)
def test_table5_by_class_name_gives_the_weighted_f1(entry: object) -> None:
    f1 = entry.f1  # type: ignore[attr-defined]
    mean = sum(SUPPORT[name] * f1[name] for name in SUPPORT) / sum(SUPPORT.values())
    assert round(mean, 2) == WEIGHTED[entry.row]  # type: ignore[attr-defined]


def test_scan_and_its_double_share_their_caveat() -> None:
    (scan,) = (entry for entry in PAPER.table3 if entry.row == "scan")
    (double,) = (entry for entry in PAPER.table4 if entry.row == "alignment_glove")
    assert (scan.accuracy, scan.f1_weighted) == (double.accuracy, double.f1_weighted)
    assert scan.caveats == double.caveats == ["scan"]


def test_every_published_row_is_trained() -> None:
    study = load_study_params(ROOT / "stages" / "studies" / "params.yaml")
    trained = {*study.baselines, *study.variants}
    tables = (PAPER.table3, PAPER.table4, PAPER.table5, PAPER.table6)
    assert {entry.row for table in tables for entry in table} <= trained


def test_every_caveat_is_explained() -> None:
    tables = (PAPER.table3, PAPER.table4, PAPER.table5, PAPER.table6)
    used = {mark for table in tables for entry in table for mark in entry.caveats}
    assert used == PAPER.caveats.keys()
