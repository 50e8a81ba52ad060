"""Images embedded in a page as data URIs."""

import base64
import io

from PIL import Image
from PIL.Image import Resampling

_QUALITY = 82


def png_uri(image: Image.Image) -> str:
    """A drawing as a PNG data URI."""
    return _uri(image, "png")


def data_uri(image: Image.Image, side: int) -> str:
    """The image as a JPEG data URI, its longer side at most `side` pixels."""
    small = image.copy()
    small.thumbnail((side, side), Resampling.LANCZOS)
    return _uri(small, "jpeg", quality=_QUALITY)


def _uri(image: Image.Image, kind: str, **settings: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, optimize=True, **settings)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
