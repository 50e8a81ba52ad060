"""Small pictures that travel inside a page."""

import base64
import io
from collections.abc import Mapping

import pandas as pd
from PIL import Image
from PIL.Image import Resampling

from pipeline.corpus.images import ImageError, ImageSource, decode_image
from pipeline.errors import UserError

_QUALITY = 82


class CorpusImages:
    """The readable pictures of a corpus, by key."""

    def __init__(self, source: ImageSource, table: pd.DataFrame) -> None:
        """table: like images.parquet, columns key, name, status."""
        readable = table[table["status"] == "ok"]
        self._names: Mapping[str, str] = dict(zip(readable["key"], readable["name"], strict=True))
        self._source = source

    def __contains__(self, key: str) -> bool:
        return key in self._names

    def open(self, key: str) -> Image.Image:
        """The picture, upright and RGB.

        Raises:
            UserError: it can no longer be read.
        """
        name = self._names[key]
        try:
            return decode_image(self._source.read(name))
        except ImageError as error:
            raise UserError(f"picture {name}: {error}; run the stage prepare again") from None


def png_uri(image: Image.Image) -> str:
    """A drawing as a PNG inside a URI."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def data_uri(image: Image.Image, side: int) -> str:
    """The picture as a JPEG inside a URI, its longer side at most `side` pixels."""
    small = image.copy()
    small.thumbnail((side, side), Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
