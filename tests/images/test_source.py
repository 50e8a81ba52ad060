from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.images.decoding import ImageBytes
from pipeline.images.files import ImageError
from pipeline.images.source import CorpusImages, ImageSource, StoredImage
from tests.images.drawn import drawn_image, zip_of


@pytest.fixture(params=["archive", "folder"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> ImageSource:
    """The same files in an archive and in a folder."""
    files = {
        "b/2.png": drawn_image(2),
        "a 1.png": drawn_image(1),
        "ü.png": drawn_image(3),
        "empty.png": b"",
        "__MACOSX/._a 1.png": b"junk",
        ".DS_Store": b"junk",
        "b/Thumbs.db": b"junk",
        "b/._2.png": b"junk",
    }
    if request.param == "archive":
        return ImageSource.open(zip_of(tmp_path / "image.zip", files))
    for name, data in files.items():
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return ImageSource.open(tmp_path / "images")


def test_names_are_sorted_and_without_junk(source: ImageSource) -> None:
    with source:
        assert source.names() == ["a 1.png", "b/2.png", "empty.png", "ü.png"]


def test_reading_gives_the_bytes(source: ImageSource) -> None:
    with source:
        assert source.read("b/2.png").data == drawn_image(2)
        assert source.read("ü.png").data == drawn_image(3)


@pytest.mark.parametrize(
    "name", ["c.png", "../a 1.png", "/etc/passwd", "b", ".DS_Store", "empty.png"]
)
def test_names_that_are_no_images_are_refused(source: ImageSource, name: str) -> None:
    with source, pytest.raises(ImageError, match=r"no such file|empty file"):
        source.read(name)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (drawn_image(2), "its bytes have changed"),
        (drawn_image(1)[:-30], "its bytes have changed"),
        (b"", "empty file"),
        (None, "no such file"),
    ],
)
def test_a_stored_image_opens_only_as_what_was_seen(
    tmp_path: Path, data: bytes | None, reason: str
) -> None:
    key = ImageBytes(drawn_image(1)).key
    with ImageSource.open(zip_of(tmp_path / "seen.zip", {"1.png": drawn_image(1)})) as source:
        assert StoredImage(source, "1.png", key).open().getpixel((0, 0)) == (1, 1, 1)

    files = {} if data is None else {"1.png": data}
    with ImageSource.open(zip_of(tmp_path / "now.zip", files)) as source:
        image = StoredImage(source, "1.png", key)
        with pytest.raises(UserError, match=rf"1\.png: {reason}; run the stage prepare again"):
            image.open()


def test_a_stored_image_that_prepare_could_not_read_gives_the_reason(tmp_path: Path) -> None:
    broken = drawn_image(1)[:-30]
    with ImageSource.open(zip_of(tmp_path / "image.zip", {"1.png": broken})) as source:
        image = StoredImage(source, "1.png", ImageBytes(broken).key)
        with pytest.raises(UserError, match=r"1\.png: broken image: .*prepare again"):
            image.open()


def test_a_corpus_s_images_open_only_as_what_was_seen(tmp_path: Path) -> None:
    """As for the page, so that it shows no other picture than the one that was judged."""
    key = ImageBytes(drawn_image(1)).key
    table = pd.DataFrame({"key": [key], "name": ["1.png"], "status": ["ok"]})
    with ImageSource.open(zip_of(tmp_path / "now.zip", {"1.png": drawn_image(2)})) as source:
        images = CorpusImages(source, table)
        with pytest.raises(
            UserError, match=r"1\.png: its bytes have changed; run the stage prepare"
        ):
            images.open(key)
        with pytest.raises(UserError, match=r"1\.png: its bytes have changed"):
            images.thumbnail(key, 9)


def test_a_thumbnail_of_a_photo_is_decoded_at_a_fraction_of_its_size(tmp_path: Path) -> None:
    photo = drawn_image(9, (800, 400), "JPEG")
    key = ImageBytes(photo).key
    table = pd.DataFrame({"key": [key], "name": ["1.jpg"], "status": ["ok"]})
    with ImageSource.open(zip_of(tmp_path / "image.zip", {"1.jpg": photo})) as source:
        images = CorpusImages(source, table)
        assert images.thumbnail(key, 90).size == (200, 100)
        assert images.open(key).size == (800, 400)
