"""The texts of a corpus as an encoder's sources, and their features as a file."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError
from pipeline.features.assemble import assemble
from pipeline.features.encoder import Encoder
from pipeline.features.extract import extract
from pipeline.features.rows import RowCache, cache_root

Texts = Mapping[str, list[str]]


def read_texts(table: Path) -> Texts:
    """The words of each distinct text by key, in the order of the table that `prepare` writes.

    Raises:
        UserError: the table is not there.
    """
    if not table.exists():
        raise UserError(f"{table} not found; run the stage prepare (dvc repro)")
    rows = pd.read_parquet(table, columns=["key", "words"])
    return {key: list(words) for key, words in zip(rows["key"], rows["words"], strict=True)}


def write_text_features(path: Path, encoder: Encoder, texts: Texts) -> None:
    """Encode every text and write the file.

    Raises:
        UserError: the file cannot be written.
    """
    cache = RowCache(cache_root(), encoder)
    # Texts of one length, which can share a batch, then come close together.
    by_length = sorted(texts.items(), key=lambda text: len(text[1]))
    extract(encoder, by_length, cache)
    assemble(path, encoder, list(texts), cache)
