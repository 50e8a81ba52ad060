"""Plain images, and archives of them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from PIL import Image


def drawn_image(shade: int = 0, size: tuple[int, int] = (4, 3), file_format: str = "PNG") -> bytes:
    """The bytes of a plain grey image."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(buffer, file_format)
    return buffer.getvalue()


def zip_of(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
