import unicodedata

import pytest

from pipeline.images.files import ImageError
from pipeline.images.names import ImageNames

NAMES = ImageNames(
    [
        *("image/1.jpg", "image/2.PNG", "a/3.jpg", "b/3.jpg", "4.jpg", "c/4.jpg"),
        *("5.a.jpg", "6", "7.jpg", "7.png", unicodedata.normalize("NFD", "é.jpg")),
    ]
)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("image/1.jpg", "image/1.jpg"),
        ("./image/1.jpg", "image/1.jpg"),
        ("image\\1.jpg", "image/1.jpg"),
        ("1.jpg", "image/1.jpg"),
        ("other/1.jpg", "image/1.jpg"),
        ("http://pbs.example.org/media/1.jpg", "image/1.jpg"),
        ("1", "image/1.jpg"),
        ("1.png", "image/1.jpg"),
        ("2.png", "image/2.PNG"),
        ("a/3.jpg", "a/3.jpg"),
        ("4.jpg", "4.jpg"),
        ("5.a", "5.a.jpg"),
        ("6", "6"),
        ("6.jpg", "6"),
        ("7.jpg", "7.jpg"),
        ("é.jpg", unicodedata.normalize("NFD", "é.jpg")),
    ],
)
def test_a_cell_means_the_one_file_that_fits(cell: str, name: str) -> None:
    assert NAMES.find(cell) == name
    assert cell in NAMES


@pytest.mark.parametrize(
    "cell", ["8.jpg", "5", "11", "image", "", "image/", "jpg", ".jpg", "../6x"]
)
def test_what_fits_no_file_is_never_guessed(cell: str) -> None:
    with pytest.raises(ImageError, match="no such file"):
        NAMES.find(cell)
    assert cell not in NAMES


SPLIT_FOLDERS = ImageNames(["train/3.jpg", "dev/4.jpg", "posts/new/5.png"])


@pytest.mark.parametrize(
    "cell", ["dev/3.jpg", "dev/3", "./dev/3.jpg", "dev\\3.jpg", "data/dev/3.jpg", "new/3.jpg"]
)
def test_a_picture_missing_in_its_folder_never_becomes_one_of_another_folder(cell: str) -> None:
    with pytest.raises(ImageError, match="no such file"):
        SPLIT_FOLDERS.find(cell)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("data/dev/4.jpg", "dev/4.jpg"),
        ("new/5.png", "posts/new/5.png"),
        ("new/5", "posts/new/5.png"),
        ("elsewhere/4.jpg", "dev/4.jpg"),
    ],
)
def test_a_folder_part_may_be_longer_or_shorter_than_the_files(cell: str, name: str) -> None:
    assert SPLIT_FOLDERS.find(cell) == name


@pytest.mark.parametrize(
    ("cell", "files"),
    [("3.jpg", "a/3.jpg, b/3.jpg"), ("7", "7.jpg, 7.png"), ("d/3.jpg", "a/3.jpg")],
)
def test_what_fits_several_files_is_never_guessed(cell: str, files: str) -> None:
    with pytest.raises(ImageError, match=f"fits 2 files: {files}"):
        NAMES.find(cell)
