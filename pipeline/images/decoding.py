"""Decodes untrusted image files."""

import io
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.images.files import ImageError

# Where Pillow begins to warn. At three bytes per pixel, this is a quarter of a GiB.
MAX_PIXELS = 89_478_485
# The formats of posts' images; some others that Pillow knows start external programs.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
_WHITE = (255, 255, 255, 255)


@dataclass(frozen=True)
class ImageBytes:
    """The bytes of an image file."""

    data: bytes

    @property
    def key(self) -> str:
        """Their sha256, which identifies the image everywhere."""
        return sha256(self.data).hexdigest()

    def open(self) -> Image.Image:
        """The decoded image, see `decode_image`.

        Raises:
            ImageError: as `decode_image`.
        """
        return decode_image(self.data)


def decode_image(data: bytes) -> Image.Image:
    """The first frame as 8-bit RGB, upright according to its EXIF orientation.

    Transparent parts become white; 16-bit grey keeps its upper 8 bits.

    Raises:
        ImageError: the bytes are no complete image of a known format, or it is too large.
    """
    try:
        return _decode(data)
    except (ImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise ImageError(f"no image of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError as error:
        raise ImageError(str(error)) from None
    except Exception as error:  # broken files raise anything, from SyntaxError to struct.error
        raise ImageError(f"broken image: {error}") from error


def _decode(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ImageError(f"{image.width} x {image.height} is more than {MAX_PIXELS} pixels")
        image.load()
        return _to_rgb(_upright(image))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata must not cost the image
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips at 255, which turns such images white.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ImageError("32-bit grey levels, whose range is unknown")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, _WHITE), layer).convert("RGB")
