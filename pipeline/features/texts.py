"""The texts of a corpus, as the embeddings take them."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError

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
