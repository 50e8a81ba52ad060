"""The row of a dual encoder: a linear head on its embeddings of image and text."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.dataset.predictions import Predictions
from pipeline.features.store import ClipImageFeatures, ClipTextFeatures
from pipeline.models.classifier import Vectors
from pipeline.models.logistic_regression import votes


def joined(image: Vectors, text: Vectors) -> Vectors:
    """[v; t; v * t] (n, 3 D) of unit embeddings (n, D); the products add up to their cosine."""
    return np.concatenate([image, text, image * text], axis=-1)


def predict_clip(
    pairs: pd.DataFrame, images: Path, texts: Path, labels: list[str], seed: int
) -> Predictions:
    """Fit logistic regression to the embeddings of train pairs, and predict the test pairs.

    Raises:
        UserError: a file is missing, or lacks an image or a text.
    """
    image_file, text_file = ClipImageFeatures.read(images), ClipTextFeatures.read(texts)
    image = image_file.vectors[image_file.index(pairs["image_key"].tolist())]
    text = text_file.vectors[text_file.index(pairs["text_key"].tolist())]
    vectors = joined(image.astype(np.float32), text.astype(np.float32))
    index = {label: i for i, label in enumerate(labels)}
    gold = np.array([index[label] for label in pairs["label"]], dtype=np.int64)
    rows = {split: np.flatnonzero(pairs["split"] == split) for split in ("train", "dev", "test")}
    probabilities = votes(
        {split: vectors[row] for split, row in rows.items()},
        {split: gold[row] for split, row in rows.items()},
        len(labels),
        seed,
    )
    ids = pairs["id"][rows["test"]].tolist()
    return Predictions(ids, gold[rows["test"]], probabilities, {}, {})
