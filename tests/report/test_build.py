"""The whole page, from a small project's results."""

import json
import re
from pathlib import Path

import pandas as pd

from stages import report
from tests.small_project import TEST_PAIRS, working_in


def page(project: Path) -> str:
    return (project / "data/reports/index.html").read_text(encoding="utf-8")


def test_page_shows_the_figures_of_the_metrics(reported: Path) -> None:
    metrics = json.loads((reported / "data/reports/metrics.json").read_text())
    html = page(reported)
    assert f"<b>{100 * metrics['accuracy']:.1f} %</b>" in html
    assert f"{100 * metrics['accuracy_low']:.1f} to {100 * metrics['accuracy_high']:.1f}" in html
    assert f"on the object in <strong>{100 * metrics['pointing_accuracy']:.1f} %" in html


def test_page_names_revision_versions_params_and_encoders(reported: Path) -> None:
    html = page(reported)
    config = json.loads((reported / "data/models/ananet/config.json").read_text())
    for text in (
        *config["encoders"].values(),
        "fusion.lambda",
        "scikit-learn",
        # The project's folder here is no repository.
        "not under version control",
    ):
        assert text in html


def test_viewer_has_right_and_wrong_test_pairs(reported: Path) -> None:
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page(reported), re.S)
    pairs = json.loads(data)
    predictions = pd.read_csv(reported / "data/reports/predictions.csv").set_index("id")
    assert 0 < len(pairs) <= TEST_PAIRS
    for pair in pairs:
        row = predictions.loc[pair["title"].split(" · ")[0]]
        assert (pair["gold"], pair["predicted"]) == (row["gold"], row["predicted"])
        words, boxes = len(pair["words"]), len(pair["boxes"])
        assert [len(weights) for weights in pair["word_regions"]] == [boxes] * words
        assert [len(weights) for weights in pair["region_words"]] == [words] * boxes
        assert set(pair["votes"]) == {"association", "alignment", "both"}


def test_page_needs_nothing_else(reported: Path) -> None:
    html = page(reported)
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', html) == []
    assert "url(http" not in html


def test_figures_are_drawn(reported: Path) -> None:
    figures = list((reported / "data/reports/figures").iterdir())
    assert figures
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in figures)


def test_same_results_give_the_same_bytes(reported: Path) -> None:
    folder = reported / "data/reports"
    made = [folder / "index.html", *(folder / "figures").iterdir()]
    before = [path.read_bytes() for path in made]
    with working_in(reported):
        report.main()
    assert [path.read_bytes() for path in made] == before
