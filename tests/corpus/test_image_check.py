import threading
from pathlib import Path

import pytest
from PIL import Image

from pipeline.corpus import image_check
from pipeline.corpus.image_check import check_images
from pipeline.corpus.images import ImageSource, decode_image
from tests.corpus.small_corpus import picture, zip_of


def test_each_distinct_picture_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{n}.png": picture(n % 5) for n in range(40)}
    decoded = []
    lock = threading.Lock()

    def count(data: bytes) -> Image.Image:
        with lock:
            decoded.append(data)
        return decode_image(data)

    monkeypatch.setattr(image_check, "decode_image", count)
    with ImageSource.open(zip_of(tmp_path / "image.zip", files)) as source:
        checked = check_images(source, [*files, "0", "0.png", "gone.png"])

    assert sorted(decoded) == sorted(set(files.values()))
    assert len(checked) == 42
    assert checked["0"] == checked["0.png"]
    assert all(checked[name].name == name for name in files)
    assert {image.status for image in checked.values()} == {"ok", "missing"}


def test_pictures_that_no_pair_names_are_not_opened(tmp_path: Path) -> None:
    files = {"1.png": picture(1), "broken.png": b"no picture"}

    with ImageSource.open(zip_of(tmp_path / "image.zip", files)) as source:
        assert list(check_images(source, ["1.png"])) == ["1.png"]
