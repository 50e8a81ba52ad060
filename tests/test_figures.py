"""Figures as files: the same one gives the same bytes, whoever wrote it."""

from pathlib import Path

from PIL import Image

from pipeline.figures import canvas, finish


def drawn(path: Path) -> bytes:
    figure, axes = canvas(3.0, 2.0)
    axes.plot([0, 1], [1, 0], label="a line")
    finish(figure, axes, path, "A title")
    return path.read_bytes()


def test_equal_figures_are_equal_bytes_without_the_writers_version(tmp_path: Path) -> None:
    assert drawn(tmp_path / "new" / "one.png") == drawn(tmp_path / "other.png")
    with Image.open(tmp_path / "other.png") as image:
        image.load()
        assert "Software" not in image.info
        assert image.size == (450, 300)
