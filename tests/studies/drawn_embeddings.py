"""Drawn embeddings of a dual encoder, in files like those of the stage that makes them."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.features.store import create_store

LABELS = ["irrelevant", "implicit", "explicit"]
WIDTH = 3


def write_embeddings(folder: Path, pairs: pd.DataFrame) -> None:
    """An explicit pair has one direction on both sides, an implicit one opposite directions, any
    other two of them: neither side alone knows the label, the products of both do."""
    rng = np.random.default_rng(0)
    sign = rng.choice([-1, 1], (2, len(pairs), 1))
    image = rng.integers(0, WIDTH, len(pairs))
    other = (image + rng.integers(1, WIDTH, len(pairs))) % WIDTH
    label = pairs["label"].to_numpy()[:, None]
    image_rows = sign[0] * np.eye(WIDTH)[image]
    related = np.where(label == "explicit", 1, -1) * image_rows
    text_rows = np.where(label == "irrelevant", sign[1] * np.eye(WIDTH)[other], related)
    order = rng.permutation(len(pairs))  # nothing may be joined by position
    for name, column, rows in (
        ("images", "image_key", image_rows),
        ("texts", "text_key", text_rows),
    ):
        keys = pairs[column].iloc[order].tolist()
        folder.mkdir(parents=True, exist_ok=True)
        with create_store(folder / f"{name}.h5", keys, "{}") as file:
            file["vectors"] = rows[order].astype("f2")
            images = name == "images"
            file["status" if images else "cut"] = np.zeros(len(pairs), "u1" if images else bool)
