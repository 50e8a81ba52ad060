"""`dvc plots show`: what it shows without a network, and every class in the confusion plot."""

import csv
import json
import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from dvc_render.html import HTML
from dvc_render.vega import VegaRenderer
from playwright.sync_api import Route

from tests.browser import open_browser
from tests.tiny import ROOT

CSV = "actual,predicted,pairs\nb,b,3\nb,a,0\na,b,2\na,a,0\n"  # a is never predicted
_NETWORK = re.compile("^https?://")
DRAWS = "window.vegaEmbed = () => { document.title = 'drawn'; }"


@pytest.fixture
def confusion() -> VegaRenderer:
    """The plot of CSV by the template that dvc.yaml names."""
    rows = [row | {"rev": "workspace"} for row in csv.DictReader(CSV.splitlines())]
    properties = {"template": "counts", "template_dir": str(ROOT / ".dvc" / "plots")}
    return VegaRenderer(rows, "confusion.csv", x="predicted", y="actual", **properties)


@pytest.fixture
def page(tmp_path: Path, confusion: VegaRenderer) -> Path:
    """The page of `dvc plots show`, beside that of a run."""
    config = ConfigParser()
    config.read_string((ROOT / ".dvc" / "config").read_text().replace("    ", ""))
    template = ROOT / ".dvc" / config["plots"]["html_template"]
    made = HTML(template.read_text()).with_scripts(confusion.SCRIPTS)
    path = tmp_path / "dvc_plots" / "index.html"
    path.parent.mkdir()
    path.write_text(made.with_element(confusion.generate_html()).embed())
    (tmp_path / "data" / "reports").mkdir(parents=True)
    (tmp_path / "data" / "reports" / "index.html").write_text("<h1>The run</h1>")
    return path


def test_without_a_network_the_runs_page_stands_in_its_place(page: Path) -> None:
    with open_browser() as browser, browser.new_page() as tab:
        tab.route(_NETWORK, lambda route: route.abort())
        tab.goto(page.as_uri())
        assert tab.frame_locator("iframe").locator("h1").inner_text() == "The run"
        assert tab.locator("#without-network a").get_attribute("href") == (
            "../data/reports/index.html"
        )


def test_with_a_network_the_plots_are_drawn(page: Path) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body=DRAWS, content_type="text/javascript")

    with open_browser() as browser, browser.new_page() as tab:
        tab.route(_NETWORK, answer)
        tab.goto(page.as_uri())
        assert tab.title() == "drawn"
        assert tab.locator("iframe, #without-network").count() == 0


def test_confusion_keeps_every_class_in_the_tables_order(confusion: VegaRenderer) -> None:
    filled = confusion.get_filled_template()
    shown = [(row["actual"], row["predicted"], row["pairs"]) for row in filled["data"]["values"]]
    assert shown == [("b", "b", "3"), ("b", "a", "0"), ("a", "b", "2"), ("a", "a", "0")]
    axes = filled["spec"]["encoding"]
    assert {name: axis["field"] for name, axis in axes.items()} == {"x": "predicted", "y": "actual"}
    assert [axis["sort"] for axis in axes.values()] == [None, None]  # as in the table
    assert "<DVC_METRIC" not in json.dumps(filled)
