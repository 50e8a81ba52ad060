"""python -m pipeline figures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.small_project import working_in


@pytest.fixture
def project(small_project: Path) -> Iterator[Path]:
    with working_in(small_project):
        yield small_project


def test_every_figure_is_a_vector_with_named_axes(project: Path, tmp_path: Path) -> None:
    main(["figures", "--out", str(tmp_path)])
    names = {"confusion", "calibration", "loss", "f1_weighted"}
    assert {path.stem for path in tmp_path.glob("*.svg")} == names
    for path in tmp_path.rglob("*.svg"):
        assert "<svg" in path.read_text()
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    # matplotlib puts each text into a comment beside its outlines.
    confusion = (tmp_path / "confusion.svg").read_text()
    for text in ("predicted relation", "annotated relation", "explicit"):
        assert f"<!-- {text} -->" in confusion
    assert "<!-- epoch -->" in (tmp_path / "loss.svg").read_text()


def test_attention_has_captions_in_the_words_of_the_posts(project: Path, tmp_path: Path) -> None:
    main(["figures", "--out", str(tmp_path)])
    lines = (tmp_path / "attention" / "captions.md").read_text().splitlines()
    drawn = {path.stem for path in (tmp_path / "attention").glob("*.svg")}
    assert {line.split("`")[1] for line in lines} == drawn
    assert all("annotated" in line and "predicted" in line for line in lines)


def test_before_a_run_the_command_is_named(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = Path("params.yaml").read_text()
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(params)
    with pytest.raises(SystemExit, match=r"error: .*dvc repro"):
        main(["figures"])
