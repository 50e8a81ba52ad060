"""A corpus's images are found where they are the only ones; otherwise the choice is offered."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.images.corpus import images_path
from tests.images.drawn import drawn_image, zip_of


def corpus_with(folder: Path, *pictures: str) -> Path:
    """A corpus with a table, an empty folder and these pictures."""
    (folder / "notes").mkdir()
    (folder / "train_data.csv").write_text("id,image,text,label\n")
    for name in pictures:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(drawn_image())
    return folder


@pytest.mark.parametrize(
    ("pictures", "found"),
    [
        (["photos/1.jpg"], "photos"),
        (["a/b/c/1.PNG"], "a"),
        (["1.jpg", "2.jpg"], "."),
        ([".cache/1.jpg", "__MACOSX/2.jpg", "images/3.webp"], "images"),
    ],
)
def test_the_only_folder_with_pictures_is_meant(
    tmp_path: Path, pictures: list[str], found: str
) -> None:
    assert images_path(corpus_with(tmp_path, *pictures), None) == tmp_path / found


def test_the_only_archive_is_meant(tmp_path: Path) -> None:
    zip_of(corpus_with(tmp_path) / "Pictures.ZIP", {"1.png": drawn_image()})
    assert images_path(tmp_path, None) == tmp_path / "Pictures.ZIP"


def test_where_two_could_be_meant_both_are_offered(tmp_path: Path) -> None:
    zip_of(corpus_with(tmp_path, "images/1.jpg") / "image.zip", {"1.png": drawn_image()})
    with pytest.raises(UserError, match=r"-S corpus\.images=image\.zip, -S corpus\.images=images"):
        images_path(tmp_path, None)
    assert images_path(tmp_path, "images") == tmp_path / "images"


def test_where_there_is_none_the_message_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"found: .* has notes, train_data\.csv"):
        images_path(corpus_with(tmp_path), None)
    with pytest.raises(UserError, match="nor is there a folder"):
        images_path(tmp_path / "nothing", None)
