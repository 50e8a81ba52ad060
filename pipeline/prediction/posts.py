"""New posts: single ones, tables in memory, or a CSV file with a folder of images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pandas as pd

from pipeline.cores import core_count
from pipeline.corpus.checks.image_check import CheckedImage, check_images
from pipeline.corpus.tables.posts import read_post_table
from pipeline.errors import UserError
from pipeline.images.decoding import POST_PIXELS, ImageBytes
from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource, StoredImage
from pipeline.prediction.images import AnyImage, ImageFile, read_image

_COLUMNS = ("image", "text")
# A thread holds one decoded image at a time, so this bounds the memory too.
_THREADS = min(8, core_count())


@dataclass(frozen=True)
class Post:
    """An image and a text to classify.

    key: the image's sha256. status: ok | missing | unreadable; unless it is ok, `image` is not
    opened, and the model gets no regions.
    """

    id: str
    text: str
    key: str
    image: ImageBytes | ImageFile | StoredImage
    status: str = "ok"
    reason: str = ""

    @classmethod
    def of(cls, image: AnyImage, text: str, id: str = "post") -> "Post":
        """A post from an image: its path, the bytes of its file, or a Pillow image.

        Raises:
            UserError: the image cannot be read or decoded, or has too many pixels.
        """
        post = _checked(image, text, id)
        if post.status != "ok":
            raise UserError(f"the image of {id} cannot be used: {post.reason}")
        return post


# A post, or its image and its text.
AnyPost = Post | tuple[AnyImage, str]


def as_posts(posts: Iterable[AnyPost]) -> list[Post]:
    """Posts from posts, or from pairs of image and text, whose ids are their numbers from 1.

    Raises:
        UserError: an image cannot be read or decoded.
    """

    def as_post(number: int, post: AnyPost) -> Post:
        return post if isinstance(post, Post) else Post.of(*post, f"{number}")

    with ThreadPoolExecutor(_THREADS) as pool:
        return [*pool.map(as_post, count(1), posts)]


def frame_posts(frame: pd.DataFrame) -> list[Post]:
    """A post per row of a table with columns `image` and `text`; its id is the row's index.

    image: as for `Post.of`. One that cannot be used is told by the post's status.

    Raises:
        UserError: a column is missing or repeated.
    """
    header = [*map(str, frame.columns)]
    if wrong := [name for name in _COLUMNS if header.count(name) != 1]:
        raise UserError(
            f"the table needs the columns image and text, each once; missing or repeated:"
            f" {', '.join(wrong)}; found: {', '.join(header)}"
        )
    texts = frame["text"].fillna("").astype(str)
    with ThreadPoolExecutor(_THREADS) as pool:
        return [*pool.map(_checked, frame["image"], texts, map(str, frame.index))]


@contextmanager
def read_posts(table: Path, images: Path, encoding: str = "utf-8-sig") -> Iterator[list[Post]]:
    """Yield the posts of a CSV file with columns `image`, `text` and, optionally, `id`.

    images: zip archive or folder of the images. Without a column `id`, ids are row numbers from 1.

    Raises:
        UserError: the table or the images are missing, or a column is missing or repeated.
    """
    with posts_of(read_post_table(table, encoding).rows, images) as posts:
        yield posts


@contextmanager
def posts_of(rows: Sequence[Mapping[str, str]], images: Path) -> Iterator[list[Post]]:
    """Yield a post per row with `id`, `image` and `text`; images: as in `read_posts`.

    Raises:
        UserError: the images are missing.
    """
    with ImageSource.open(images) as source:
        checked = check_images(source, (row["image"] for row in rows), POST_PIXELS)
        yield [_post(source, checked[row["image"]], row) for row in rows]


def _post(source: ImageSource, checked: CheckedImage, row: Mapping[str, str]) -> Post:
    image = StoredImage(source, checked.name, checked.key)
    return Post(row["id"], row["text"], checked.key, image, checked.status, checked.reason)


def _checked(image: AnyImage, text: str, id: str) -> Post:
    """A post with the status of its image, which is decoded once."""
    try:
        data = read_image(image)
    except ImageError as error:
        nothing = ImageBytes(b"")
        return Post(id, text, nothing.key, nothing, "missing", str(error))
    # Files of many posts are not all held in memory.
    kept = ImageFile(Path(image), data.key) if isinstance(image, str | Path) else data
    try:
        data.open(POST_PIXELS)
    except ImageError as error:
        return Post(id, text, data.key, kept, "unreadable", str(error))
    return Post(id, text, data.key, kept)
