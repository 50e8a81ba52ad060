"""The posts' texts as people wrote them, from the table that `prepare` writes for readers."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError


def read_original_texts(table: Path) -> dict[str, str]:
    """The text of each pair by its id, as it stands in the corpus.

    Raises:
        UserError: the table is missing.
    """
    if not table.exists():
        raise UserError(f"{table} not found; run the stage prepare (dvc repro prepare)")
    rows = pd.read_parquet(table, columns=["id", "text"])
    return dict(zip(rows["id"], rows["text"], strict=True))


def texts_of_images(pairs: Path, posts: Path) -> Mapping[str, list[str]]:
    """The distinct texts that were posted with each image, by its key; none without the tables.

    pairs: with columns id and image_key. posts: as in `read_original_texts`.
    """
    if not (pairs.exists() and posts.exists()):
        return {}
    texts = read_original_texts(posts)
    found: dict[str, dict[str, None]] = {}
    rows = pd.read_parquet(pairs, columns=["id", "image_key"])
    for identifier, key in zip(rows["id"], rows["image_key"], strict=True):
        found.setdefault(key, {})[texts[identifier]] = None
    return {key: list(distinct) for key, distinct in found.items()}
