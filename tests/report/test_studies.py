"""Tables of studies, read from their Markdown."""

from pathlib import Path

from PIL import Image

from pipeline.report.studies import Table, read_studies


def test_tables_and_paragraphs_in_order(tmp_path: Path) -> None:
    (tmp_path / "compare").mkdir()
    (tmp_path / "compare" / "table_iii.md").write_text(
        "On 150 pairs\nof one corpus.\n\n"
        "| method | accuracy |\n| --- | --- |\n| TFN | 51.2 ± 0.3 |\n"
    )
    (study,) = read_studies(tmp_path)
    assert study.title == "Table iii"
    assert study.blocks == [
        "On 150 pairs of one corpus.",
        Table(["method", "accuracy"], [["TFN", "51.2 ± 0.3"]]),
    ]


def test_footnotes_keep_their_marks(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text(
        "| method |\n| --- |\n| TFN [^small] |\n\n[^small]: On `data/sample`.\n[^two]: Twice.\n"
    )
    (study,) = read_studies(tmp_path)
    assert study.blocks == [
        Table(["method"], [["TFN (small)"]]),
        "(small) On data/sample.",
        "(two) Twice.",
    ]


def test_figure_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("Text.\n")
    Image.new("RGB", (4, 3)).save(tmp_path / "x.png")
    (tmp_path / "y.md").write_text("Text.\n")
    with_figure, without = read_studies(tmp_path)
    assert with_figure.figure.startswith("data:image/png;base64,")
    (tmp_path / "x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert read_studies(tmp_path)[0].figure.startswith("data:image/svg+xml;base64,")
    assert without.figure == ""


def test_heading_is_the_title(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("# The baselines\n\nText.\n")
    (study,) = read_studies(tmp_path)
    assert (study.title, study.blocks) == ("The baselines", ["Text."])


def test_no_studies_yet(tmp_path: Path) -> None:
    assert read_studies(tmp_path / "absent") == []
