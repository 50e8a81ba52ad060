"""New posts: one from memory, or a table of them with a folder of images."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.corpus.checks.image_check import CheckedImage, check_images
from pipeline.corpus.tables.csv import read_csv
from pipeline.errors import UserError
from pipeline.images.decoding import ImageBytes
from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource, StoredImage

_COLUMNS = ("image", "text")


@dataclass(frozen=True)
class Post:
    """An image and a text to classify.

    key: the image's sha256. status: ok | missing | unreadable; unless it is ok, `image` is not
    opened, and the model gets no regions.
    """

    id: str
    text: str
    key: str
    image: ImageBytes | StoredImage
    status: str = "ok"
    reason: str = ""

    @classmethod
    def of(cls, data: bytes, text: str, id: str = "post") -> "Post":
        """A post from an image file's bytes.

        Raises:
            UserError: the image cannot be decoded.
        """
        image = ImageBytes(data)
        try:
            image.open()
        except ImageError as error:
            raise UserError(f"the image of {id} cannot be used: {error}") from None
        return cls(id, text, image.key, image)


@contextmanager
def read_posts(table: Path, images: Path, encoding: str = "utf-8-sig") -> Iterator[list[Post]]:
    """Yield the posts of a CSV file with columns `image`, `text` and, optionally, `id`.

    images: zip archive or folder of the images. Without a column `id`, ids are row numbers from 1.

    Raises:
        UserError: the table or the images are missing, or a column is missing or repeated.
    """
    with posts_of(_rows(table, encoding), images) as posts:
        yield posts


@contextmanager
def posts_of(rows: Sequence[Mapping[str, str]], images: Path) -> Iterator[list[Post]]:
    """Yield a post per row with `id`, `image` and `text`; images: as in `read_posts`.

    Raises:
        UserError: the images are missing.
    """
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


def _post(source: ImageSource, checked: CheckedImage, row: Mapping[str, str]) -> Post:
    image = StoredImage(source, checked.name, checked.key)
    return Post(row["id"], row["text"], checked.key, image, checked.status, checked.reason)
