"""Posts to be judged: one from memory, or a table of them with a folder of pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from PIL.Image import Image

from pipeline.corpus.image_check import CheckedImage, check_images
from pipeline.corpus.images import ImageError, ImageSource, decode_image
from pipeline.corpus.tables import read_csv
from pipeline.errors import UserError
from pipeline.features.pictures import Picture

_COLUMNS = ("image", "text")


class Opens(Protocol):
    """A picture that can be opened."""

    def open(self) -> Image:
        """The upright picture, 8-bit RGB."""


@dataclass(frozen=True)
class PictureBytes:
    """A picture in memory."""

    data: bytes

    def open(self) -> Image:
        return decode_image(self.data)


@dataclass(frozen=True)
class Post:
    """A picture and a text to be judged.

    key: the picture's sha256. status: ok | missing | unreadable; unless it is ok, `picture` is not
    opened, and the model judges the text without any region.
    """

    id: str
    text: str
    key: str
    picture: Opens
    status: str = "ok"
    reason: str = ""

    @classmethod
    def of(cls, image: bytes, text: str, id: str = "post") -> "Post":
        """A post from a picture file's bytes.

        Raises:
            UserError: the bytes are no picture that can be read.
        """
        try:
            decode_image(image)
        except ImageError as error:
            raise UserError(f"the picture of {id} cannot be used: {error}") from None
        return cls(id, text, sha256(image).hexdigest(), PictureBytes(image))


@contextmanager
def read_posts(table: Path, images: Path, encoding: str = "utf-8-sig") -> Iterator[list[Post]]:
    """Yield the posts of a CSV file with columns `image`, `text` and, optionally, `id`.

    images: the zip archive or folder of the pictures, which stays open meanwhile. Without ids, a
    post's id is its row's number, counted from 1.

    Raises:
        UserError: the table or the pictures are not there, or a column is missing.
    """
    rows = _rows(table, encoding)
    with ImageSource.open(images) as source:
        checked = check_images(source, (row["image"] for row in rows))
        yield [_post(source, checked[row["image"]], row) for row in rows]


def _rows(path: Path, encoding: str) -> list[dict[str, str]]:
    table = read_csv(path, encoding)
    if missing := [name for name in _COLUMNS if table.header.count(name) != 1]:
        raise UserError(
            f"{path}: needs the columns image and text (id may be left out), each once;"
            f" missing or repeated: {', '.join(missing)}; found: {', '.join(table.header)}"
        )
    rows = [dict(zip(table.header, cells, strict=True)) for _, cells in table.rows]
    return [
        {"id": str(number), **row, "image": row["image"].strip()}
        for number, row in enumerate(rows, start=1)
    ]


def _post(source: ImageSource, image: CheckedImage, row: dict[str, str]) -> Post:
    picture = Picture(source, image.name, image.key)
    return Post(row["id"], row["text"], image.key, picture, image.status, image.reason)
