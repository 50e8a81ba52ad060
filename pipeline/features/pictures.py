"""The pictures of a corpus as an encoder's sources, and their features as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
from PIL.Image import Image

from pipeline.corpus.images import ImageError, ImageSource, decode_image
from pipeline.errors import UserError
from pipeline.features.assemble import assemble
from pipeline.features.encoder import Encoder
from pipeline.features.extract import Extract, extract
from pipeline.features.rows import RowCache, cache_root
from pipeline.features.store import OK, STATUS_CODES


@dataclass(frozen=True)
class Picture:
    """A picture that `prepare` has seen: its name in the source, and the digest of its bytes."""

    source: ImageSource
    name: str
    key: str

    def open(self) -> Image:
        """Read and decode it, 8-bit RGB and upright.

        Raises:
            UserError: it is no longer what `prepare` saw.
        """
        try:
            data = self.source.read(self.name)
            # A row under another picture's key would stay wrong for ever.
            if sha256(data).hexdigest() != self.key:
                raise ImageError("its bytes have changed")
            return decode_image(data)
        except ImageError as error:
            raise UserError(f"picture {self.name}: {error}; run the stage prepare again") from None


@dataclass(frozen=True)
class PictureEntry:
    """What the table of `prepare` says of a picture. size: height and width."""

    key: str
    name: str
    size: tuple[int, int]


def write_picture_features(
    path: Path,
    encoder: Encoder,
    table: Path,
    images: Path,
    attrs: Mapping[str, Any] | None = None,
    engine: Extract = extract,
) -> None:
    """Encode every readable picture of a table (id, name, status per key) and write the file.

    table: the parquet file of distinct pictures that `prepare` writes. images: the archive or
    folder they lie in.

    Raises:
        UserError: the table or a picture is not there, or the file cannot be written.
    """
    rows = _read_table(table)
    keys = rows["key"].tolist()
    status = [STATUS_CODES[name] for name in rows["status"]]
    cache = RowCache(cache_root(), encoder)
    with ImageSource.open(images) as source:
        items = [
            (key, Picture(source, name, key))
            for key, name, code in zip(keys, rows["name"], status, strict=True)
            if code == OK
        ]
        engine(encoder, items, cache)
    assemble(path, encoder, keys, cache, attrs, status)


def readable_pictures(table: Path) -> list[PictureEntry]:
    """The pictures in a table of `prepare` that can be read.

    Raises:
        UserError: the table is not there.
    """
    rows = _read_table(table)
    rows = rows[rows["status"] == "ok"]
    columns = [rows[name].tolist() for name in ("key", "name", "height", "width")]
    return [
        PictureEntry(key, name, (height, width))
        for key, name, height, width in zip(*columns, strict=True)
    ]


def _read_table(table: Path) -> pd.DataFrame:
    if not table.exists():
        raise UserError(f"{table} not found; run the stage prepare (dvc repro)")
    return pd.read_parquet(table)
