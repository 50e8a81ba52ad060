"""Encodes the images of a corpus and writes their features."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache, cache_root
from pipeline.encoders.rows.encoder import Encoder
from pipeline.encoders.rows.extract import Extract, extract
from pipeline.errors import UserError
from pipeline.features.store import OK, STATUS_CODES
from pipeline.images.source import ImageSource, StoredImage


@dataclass(frozen=True)
class ImageEntry:
    """A row of `prepare`'s image table. size: height and width."""

    key: str
    name: str
    size: tuple[int, int]


def write_image_features(
    path: Path,
    encoder: Encoder,
    table: Path,
    images: Path,
    attrs: Mapping[str, Any] | None = None,
    engine: Extract = extract,
) -> None:
    """Encode every readable image of `prepare`'s image table and write the file.

    images: the archive or folder of the images.

    Raises:
        UserError: the table or an image is missing, or the file cannot be written.
    """
    rows = _read_table(table)
    keys = rows["key"].tolist()
    status = [STATUS_CODES[name] for name in rows["status"]]
    cache = RowCache(cache_root(), encoder)
    with ImageSource.open(images) as source:
        items = [
            (key, StoredImage(source, name, key))
            for key, name, code in zip(keys, rows["name"], status, strict=True)
            if code == OK
        ]
        engine(encoder, items, cache)
    assemble(path, encoder, keys, cache, attrs, status)


def readable_images(table: Path) -> list[ImageEntry]:
    """The readable images of `prepare`'s image table.

    Raises:
        UserError: the table is missing.
    """
    rows = _read_table(table)
    rows = rows[rows["status"] == "ok"]
    columns = [rows[name].tolist() for name in ("key", "name", "height", "width")]
    return [
        ImageEntry(key, name, (height, width))
        for key, name, height, width in zip(*columns, strict=True)
    ]


def _read_table(table: Path) -> pd.DataFrame:
    if not table.exists():
        raise UserError(f"{table} not found; run the stage prepare (dvc repro)")
    return pd.read_parquet(table)
