"""The only place where pictures are opened: an archive or folder of them, then one by one."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.corpus.faults import contents
from pipeline.corpus.image_files import Archive, Folder, ImageError
from pipeline.errors import UserError

# Pillow warns from here on. At three bytes a pixel this is a quarter of a GiB.
MAX_PIXELS = 89_478_485
# Of the formats Pillow knows, those that posts have; some of the others start foreign programs.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
# What a post's picture lies on where it is transparent.
PAPER = (255, 255, 255, 255)

__all__ = ["ImageError", "ImageSource", "decode_image"]


class ImageSource:
    """Pictures by name, from a zip archive or a folder. Names are relative and use `/`."""

    def __init__(self, path: Path, files: Archive | Folder) -> None:
        self._path, self._files = path, files
        self._names = sorted(name for name in files.names() if not _is_junk(name))
        self._known = frozenset(self._names)

    @classmethod
    def open(cls, path: Path) -> "ImageSource":
        """Open a zip archive or a folder.

        Raises:
            UserError: there is nothing at `path`, the file is no zip archive, or the archive has
                members that a safe one has not.
        """
        if path.is_dir():
            return cls(path, Folder(path))
        if path.is_file():
            return cls(path, Archive(path))
        raise UserError(
            f"{path}: no such archive or folder of pictures (corpus.images);"
            f" {contents(path.parent)}"
        )

    def __reduce__(self) -> tuple[Callable[[Path], "ImageSource"], tuple[Path]]:
        """Sent to another process, it is what that process finds at the same path."""
        return _opened, (self._path.absolute(),)

    def names(self) -> list[str]:
        """All files in order of name, without what operating systems leave behind."""
        return self._names

    def read(self, name: str) -> bytes:
        """The bytes of one of `names()`; threads may call this at the same time.

        Raises:
            ImageError: there is no such name, the file is empty, or its bytes cannot be had.
        """
        if name not in self._known:
            raise ImageError("no such file")
        data = self._files.read(name)
        if not data:
            raise ImageError("empty file")
        return data

    def __enter__(self) -> "ImageSource":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()


@cache
def _opened(path: Path) -> ImageSource:
    """Opened once in a process, however many pictures refer to it."""
    return ImageSource.open(path)


def _is_junk(name: str) -> bool:
    """Whether an operating system left this (`__MACOSX/`, `._1.jpg`, `.DS_Store`, `Thumbs.db`)."""
    parts = name.split("/")
    return parts[-1] == "Thumbs.db" or any(
        part == "__MACOSX" or part.startswith(".") for part in parts
    )


def decode_image(data: bytes) -> Image.Image:
    """The picture as 8-bit RGB, upright as its EXIF orientation says, its first frame if it moves.

    Transparent parts become white; 16-bit grey keeps its upper 8 bits.

    Raises:
        ImageError: the bytes are no whole picture of a known format, or it is too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ImageError(f"{image.width} x {image.height} is more than {MAX_PIXELS} pixels")
            image.load()
            return _to_rgb(_upright(image))
    except (ImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise ImageError(f"no picture of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError as error:
        raise ImageError(str(error)) from None
    except Exception as error:  # broken files raise anything, from SyntaxError to struct.error
        raise ImageError(f"broken picture: {error}") from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata must not cost the picture
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips at 255, which turns such pictures white.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ImageError("32-bit grey levels, whose range is unknown")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, PAPER), layer).convert("RGB")
