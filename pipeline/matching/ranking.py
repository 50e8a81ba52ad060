"""The similarity of every picture of a split with every caption of it."""

from collections.abc import Sequence

import numpy as np
import torch

from pipeline.matching.data import Split
from pipeline.matching.encoders import Encoded
from pipeline.matching.models import MatchingModel
from pipeline.matching.retrieval import Similarity
from pipeline.training.batching import ordered_batches

_PICTURES_AT_ONCE = 256
_CAPTIONS_AT_ONCE = 256


def similarity_matrix(models: Sequence[MatchingModel], split: Split) -> Similarity:
    """(I, T) float32, the mean over the models."""
    total: Similarity = np.zeros((split.images, len(split.image)), np.float32)
    for model in models:
        total += _similarities(model, split) / len(models)
    return total


@torch.inference_mode()
def _similarities(model: MatchingModel, split: Split) -> Similarity:
    model.eval()
    found: Similarity = np.zeros((split.images, len(split.image)), np.float32)
    pictures = _encode_pictures(model, split)
    captions = np.arange(len(split.image))
    for columns in ordered_batches(captions, split.words.lengths, _CAPTIONS_AT_ONCE):
        texts = model.measure.encode_texts(*split.words.words(columns))
        for rows, images in pictures:
            part = model.measure.similarity(images, texts)  # (I', T')
            found[np.ix_(rows, columns)] = part.cpu().numpy()
    return found


def _encode_pictures(model: MatchingModel, split: Split) -> list[tuple[np.ndarray, Encoded]]:
    numbers = np.arange(split.images)
    parts = [numbers[i : i + _PICTURES_AT_ONCE] for i in range(0, len(numbers), _PICTURES_AT_ONCE)]
    return [(rows, model.measure.encode_images(*split.regions(rows))) for rows in parts]
