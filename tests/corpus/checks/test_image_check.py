from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pipeline.corpus.checks.image_check import check_images
from pipeline.images.source import ImageSource
from tests.images.drawn import drawn_image, zip_of


def test_each_distinct_image_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{n}.png": drawn_image(n % 5) for n in range(40)}
    decoded = []
    open_image = Image.open

    def count(file: BytesIO, formats: Sequence[str]) -> Image.Image:
        decoded.append(file.getvalue())
        return open_image(file, formats=formats)

    monkeypatch.setattr(Image, "open", count)
    with ImageSource.open(zip_of(tmp_path / "image.zip", files)) as source:
        checked = check_images(source, [*files, "0", "0.png", "gone.png"], 10**6)

    assert sorted(decoded) == sorted(set(files.values()))
    assert len(checked) == 42
    assert checked["0"] == checked["0.png"]
    assert all(checked[name].name == name for name in files)
    assert {image.status for image in checked.values()} == {"ok", "missing"}


def test_images_that_no_pair_names_are_not_opened(tmp_path: Path) -> None:
    files = {"1.png": drawn_image(1), "broken.png": b"no image"}

    with ImageSource.open(zip_of(tmp_path / "image.zip", files)) as source:
        assert list(check_images(source, ["1.png"], 10**6)) == ["1.png"]
