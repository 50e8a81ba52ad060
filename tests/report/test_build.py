"""The whole page, from a small project's results."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

from pipeline.report import build
from pipeline.report.provenance import made_on
from stages import report
from tests.small_project import TEST_PAIRS, working_in
from tests.tiny import ROOT

PAPER = "https://arxiv.org/abs/2109.00693"


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
        assert len(pair["spelled"]) == words
        assert set(pair["votes"]) == {"association", "alignment", "both"}


def test_page_needs_nothing_else(reported: Path) -> None:
    html = page(reported)
    assert re.findall(r'src="(?!data:)[^"]*"', html) == []
    # Nothing is loaded from what a reader may follow.
    assert set(re.findall(r'href="(?!#|data:)([^"]*)"', html)) == {PAPER}
    assert re.findall(r'<link[^>]*href="(?!data:)', html) == []
    assert "url(http" not in html


def test_every_link_within_the_page_leads_somewhere(reported: Path) -> None:
    html = page(reported)
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(re.findall(r'id="([^"]+)"', html))


def test_examples_have_the_texts_as_written_and_their_tokens(reported: Path) -> None:
    pairs = pd.read_parquet(reported / "data/interim/pairs.parquet")
    posts = pd.read_parquet(reported / "data/interim/posts.parquet").set_index("id")["text"]
    html = page(reported)
    first = pairs[(pairs["split"] == "train") & (pairs["label"] == "explicit")].iloc[0]
    assert str(escape(posts[first["id"]])) in html
    words = pd.read_parquet(reported / "data/interim/texts.parquet").set_index("key")["words"]
    assert f"<summary>Tokens</summary>{escape(' '.join(words[first['text_key']]))}<" in html


def test_text_that_looks_like_a_script_stays_text(reported: Path) -> None:
    table = reported / "data/interim/posts.parquet"
    posts = pd.read_parquet(table)
    try:
        posts.assign(text="<script>alert(1)</script>").to_parquet(table, index=False)
        with working_in(reported):
            report.main()
        assert "<script>alert" not in page(reported)
        assert "&lt;script&gt;alert(1)" in page(reported)
    finally:
        posts.to_parquet(table, index=False)
        with working_in(reported):
            report.main()


def test_page_has_its_date(reported: Path) -> None:
    assert f"Made on {made_on()}." in page(reported)


def test_same_results_give_the_same_bytes(reported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "made_on", lambda: "1 May 2026")
    made = []
    for _ in range(2):
        with working_in(reported):
            report.main()
        made.append(page(reported))
    assert made[0] == made[1]


def test_the_page_needs_no_drawing_library(reported: Path) -> None:
    code = "import sys, stages.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
