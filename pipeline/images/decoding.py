"""Decodes untrusted image files."""

import io
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.images.files import ImageError
from pipeline.params.project import MOST_PIXELS

# For new posts, which no params.yaml describes: more than any phone's usual photo. Decoding takes
# 4 to 16 bytes per pixel, whatever the size of the file.
POST_PIXELS = 50_000_000
# The formats of posts' images; some others that Pillow knows start external programs.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
_WHITE = (255, 255, 255, 255)
# Pixels that are laid on white at once.
_BAND = 2**20


@dataclass(frozen=True)
class ImageBytes:
    """The bytes of an image file."""

    data: bytes

    @property
    def key(self) -> str:
        """Their sha256, which identifies the image everywhere."""
        return sha256(self.data).hexdigest()

    def open(self, max_pixels: int = MOST_PIXELS) -> Image.Image:
        """The decoded image, see `decode_image`.

        Raises:
            ImageError: as `decode_image`.
        """
        return decode_image(self.data, max_pixels)

    def thumbnail(self, side: int) -> Image.Image:
        """The image in about the size that a thumbnail of `side` pixels needs; its values differ.

        Raises:
            ImageError: as `decode_image`.
        """
        return decode_image(self.data, side=side)


def decode_image(data: bytes, max_pixels: int = MOST_PIXELS, side: int = 0) -> Image.Image:
    """The first frame as 8-bit RGB, upright according to its EXIF orientation.

    Transparent parts become white; 16-bit grey keeps its upper 8 bits.

    side: unless 0, a JPEG file may be decoded at a fraction of its size, each side at least this
    many pixels, which takes a fraction of the memory. Never for rows, whose values would change.

    Raises:
        ImageError: the bytes are no complete image of a known format, or it is too large.
    """
    try:
        return _decode(data, max_pixels, side)
    except (ImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise ImageError(f"no image of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError as error:
        raise ImageError(str(error)) from None
    except Exception as error:  # broken files raise anything, from SyntaxError to struct.error
        raise ImageError(f"broken image: {error}") from error


def _decode(data: bytes, max_pixels: int, side: int) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > max_pixels:
            raise ImageError(f"{image.width} x {image.height} is more than {max_pixels} pixels")
        if side:
            image.draft(None, (side, side))
        image.load()
        with suppress(Exception):  # damaged metadata must not cost the image
            ImageOps.exif_transpose(image, in_place=True)
        return _to_rgb(image)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips at 255, which turns such images white.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ImageError("32-bit grey levels, whose range is unknown")
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """The image laid on white, in bands: whole layers would take several times the memory."""
    whole = Image.new("RGB", image.size)
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        layer = image.crop(box).convert("RGBA")
        white = Image.new("RGBA", layer.size, _WHITE)
        whole.paste(Image.alpha_composite(white, layer).convert("RGB"), box)
    return whole
