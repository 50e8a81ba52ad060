"""Images in a zip archive or a folder, by name or by the key that `prepare` gave them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
from PIL.Image import Image

from pipeline.errors import UserError
from pipeline.faults import contents
from pipeline.images.decoding import ImageBytes
from pipeline.images.files import Archive, Folder, ImageError


class ImageSource:
    """Images by name, from a zip archive or a folder. Names are relative and use `/`."""

    def __init__(self, path: Path, files: Archive | Folder) -> None:
        self._path, self._files = path, files
        self._names = sorted(name for name in files.names() if not _is_junk(name))
        self._known = frozenset(self._names)

    @classmethod
    def open(cls, path: Path) -> "ImageSource":
        """Open a zip archive or a folder.

        Raises:
            UserError: there is nothing at `path`, the file is no zip archive, or it has unsafe
                members.
        """
        if path.is_dir():
            return cls(path, Folder(path))
        if path.is_file():
            return cls(path, Archive(path))
        raise UserError(
            f"{path}: no such archive or folder of images (corpus.images); {contents(path.parent)}"
        )

    def __reduce__(self) -> tuple[Callable[[Path], "ImageSource"], tuple[Path]]:
        """Pickled, it is opened again at the same path."""
        return _opened, (self._path.absolute(),)

    def names(self) -> list[str]:
        """All files, sorted by name, without those that operating systems create."""
        return self._names

    def read(self, name: str) -> ImageBytes:
        """Read one of `names()`; thread-safe.

        Raises:
            ImageError: there is no such name, the file is empty or cannot be read.
        """
        if name not in self._known:
            raise ImageError("no such file")
        data = self._files.read(name)
        if not data:
            raise ImageError("empty file")
        return ImageBytes(data)

    def __enter__(self) -> "ImageSource":
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()


@dataclass(frozen=True)
class StoredImage:
    """An image in the table of `prepare`: its name in the source, and its key."""

    source: ImageSource
    name: str
    key: str

    def open(self) -> Image:
        """The image, 8-bit RGB and upright.

        Raises:
            UserError: it has changed since `prepare`.
        """
        return self._decoded(ImageBytes.open)

    def thumbnail(self, side: int) -> Image:
        """The image in about the size that a thumbnail of `side` pixels needs.

        Raises:
            UserError: it has changed since `prepare`.
        """
        return self._decoded(lambda image: image.thumbnail(side))

    def _decoded(self, decode: Callable[[ImageBytes], Image]) -> Image:
        try:
            image = self.source.read(self.name)
            # A cached row under another image's key would stay wrong.
            if image.key != self.key:
                raise ImageError("its bytes have changed")
            return decode(image)
        except ImageError as error:
            raise UserError(f"image {self.name}: {error}; run the stage prepare again") from None


class CorpusImages:
    """The readable images of a corpus, by key."""

    def __init__(self, source: ImageSource, table: pd.DataFrame) -> None:
        """table: like images.parquet, columns key, name, status."""
        readable = table[table["status"] == "ok"]
        self._names: Mapping[str, str] = dict(zip(readable["key"], readable["name"], strict=True))
        self._source = source

    def __contains__(self, key: str) -> bool:
        return key in self._names

    def open(self, key: str) -> Image:
        """The image, upright and RGB.

        Raises:
            UserError: it has changed since `prepare`.
        """
        return StoredImage(self._source, self._names[key], key).open()

    def thumbnail(self, key: str, side: int) -> Image:
        """The image in about the size that a thumbnail of `side` pixels needs, upright and RGB.

        Raises:
            UserError: it has changed since `prepare`.
        """
        return StoredImage(self._source, self._names[key], key).thumbnail(side)


@cache
def _opened(path: Path) -> ImageSource:
    """Opened once per process, however many images refer to it."""
    return ImageSource.open(path)


def _is_junk(name: str) -> bool:
    """Whether an operating system created it (`__MACOSX/`, `._1.jpg`, `.DS_Store`, `Thumbs.db`)."""
    parts = name.split("/")
    return parts[-1] == "Thumbs.db" or any(
        part == "__MACOSX" or part.startswith(".") for part in parts
    )
