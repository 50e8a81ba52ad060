"""Images of new posts, wherever they are: a file, a file's bytes, or an image in memory."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipeline.errors import UserError
from pipeline.images.decoding import ImageBytes
from pipeline.images.files import Folder, ImageError

AnyImage = str | Path | bytes | Image.Image
# The modes that a PNG file holds without loss.
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


@dataclass(frozen=True)
class ImageFile:
    """An image file, read only when it is needed. key: the sha256 that it had at first."""

    path: Path
    key: str

    def open(self) -> Image.Image:
        """The image, 8-bit RGB and upright.

        Raises:
            UserError: it has changed, or is gone.
        """
        try:
            data = _read(self.path)
            # A cached row under another image's key would stay wrong.
            if data.key != self.key:
                raise ImageError("its bytes have changed")
            return data.open()
        except ImageError as error:
            raise UserError(f"image {self.path}: {error}") from None


def read_image(image: AnyImage) -> ImageBytes:
    """The bytes of an image's file; of an image in memory, those of a PNG file of it.

    Raises:
        ImageError: there is no such file, it cannot be read, or it is no image at all.
    """
    if isinstance(image, Image.Image):
        return _as_png(image)
    if not isinstance(image, str | Path | bytes):  # an empty cell of a table
        raise ImageError(f"{image!r} is no path, no bytes and no Pillow image")
    data = ImageBytes(image) if isinstance(image, bytes) else _read(Path(image))
    if not data.data:
        raise ImageError("empty file")
    return data


def _read(path: Path) -> ImageBytes:
    if not path.exists():
        raise ImageError("no such file")
    real = path.resolve()
    return ImageBytes(Folder(real.parent).read(real.name))


def _as_png(image: Image.Image) -> ImageBytes:
    if image.mode in ("I", "F"):
        raise ImageError("32-bit grey levels, whose range is unknown")
    file = io.BytesIO()
    try:
        image.load()  # which turns TIFF images upright
        kept = image if image.mode in _PNG_MODES else image.convert("RGB")
        # Orientation is applied where files are decoded.
        kept.save(file, "PNG", exif=image.getexif(), compress_level=1)
    except Exception as error:  # Pillow reads late, and broken files raise anything
        raise ImageError(f"broken image: {error}") from error
    return ImageBytes(file.getvalue())
