"""Figures as files: the same one gives the same bytes, whoever wrote it."""

import re
from pathlib import Path

from PIL import Image

from pipeline.figures import canvas, finish


def draw(path: Path) -> None:
    figure, axes = canvas(3.0, 2.0, grid="both")
    axes.plot([0, 1], [1, 0], label="a line")
    axes.set_xlabel("x")
    finish(figure, path)


def test_vectors_and_pictures_hold_nothing_but_the_figure(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        draw(tmp_path / folder / "vector")
        draw(tmp_path / folder / "picture.png")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["picture.png", "vector.pdf", "vector.svg"]
    for name in names:
        made = (tmp_path / "one" / name).read_bytes()
        assert made == (tmp_path / "other" / name).read_bytes()
        assert not re.search(rb"[Mm]atplotlib v|Date>|CreationDate|Software", made)


def test_size_is_that_of_the_canvas(tmp_path: Path) -> None:
    draw(tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as image:
        image.load()
        assert image.size == (450, 300)


def test_dollars_in_names_are_no_formulas(tmp_path: Path) -> None:
    figure, axes = canvas(3, 2)
    axes.bar([0, 1], [1, 2], label="$5 or $x_{$")
    axes.set_xticks([0, 1], ["$a_{$", r"$\\frac$"])
    axes.set_xlabel("id $\\nothing$ of $^")
    finish(figure, tmp_path / "x.png")
    assert (tmp_path / "x.png").exists()
