"""Images embedded in a page as data URIs."""

import base64
import io
from pathlib import Path

from PIL import Image
from PIL.Image import Resampling

_QUALITY = 82


def file_uri(path: Path, kind: str) -> str:
    """A drawing's file as a data URI; kind: its media type, after `image/`."""
    return _data_uri(path.read_bytes(), kind)


def data_uri(image: Image.Image, side: int) -> str:
    """The image as a JPEG data URI, its longer side at most `side` pixels."""
    small = image.copy()
    small.thumbnail((side, side), Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "jpeg", optimize=True, quality=_QUALITY)
    return _data_uri(buffer.getvalue(), "jpeg")


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
