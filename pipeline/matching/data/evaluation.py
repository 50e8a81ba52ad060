"""Retrieval by trained models, and the detection of wrong pairs by the memory."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import roc_auc_score

from pipeline.features.batches import ordered_batches
from pipeline.matching.data.data import Split
from pipeline.metrics.ranking import Similarity, fold_metrics, retrieval_metrics
from pipeline.models.matching.model import MatchingModel

_IMAGES_AT_ONCE = 256
_CAPTIONS_AT_ONCE = 256


def evaluate_retrieval(
    models: Sequence[MatchingModel], split: Split, fold: int
) -> dict[str, float]:
    """Retrieval metrics of a split; with `fold`, also their mean over folds of so many images.

    The names of the latter end in `_fold`.

    Raises:
        UserError: a similarity is not finite, or there are fewer images than a fold has.
    """
    similarity = similarity_matrix(models, split)
    metrics = retrieval_metrics(similarity, split.image)
    if fold:
        folds = fold_metrics(similarity, split.image, fold)
        metrics |= {f"{name}_fold": value for name, value in folds.items()}
    return metrics


def evaluate_correspondence(
    correspondence: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]
) -> dict[str, float]:
    """`noise_rate`, and if there are right and wrong pairs: `correspondence_auc`, the probability
    that a right pair is above a wrong one, and the mean of each."""
    metrics = {"noise_rate": float(wrong.mean())}
    if wrong.any() and not wrong.all():
        metrics["correspondence_auc"] = float(roc_auc_score(~wrong, correspondence))
        metrics["correspondence_right"] = float(correspondence[~wrong].mean())
        metrics["correspondence_wrong"] = float(correspondence[wrong].mean())
    return metrics


def similarity_matrix(models: Sequence[MatchingModel], split: Split) -> Similarity:
    """The similarity of all images with all captions (I, T) float32, the mean over models."""
    total: Similarity = np.zeros((split.image_count, len(split.image)), np.float32)
    for model in models:
        total += _similarities(model, split) / len(models)
    return total


@torch.inference_mode()
def _similarities(model: MatchingModel, split: Split) -> Similarity:
    model.eval()
    similarity: Similarity = np.zeros((split.image_count, len(split.image)), np.float32)
    numbers = np.arange(split.image_count)
    parts = np.split(numbers, range(_IMAGES_AT_ONCE, len(numbers), _IMAGES_AT_ONCE))
    encoded = [(rows, model.compare.encode_images(*split.images.regions(rows))) for rows in parts]
    captions = np.arange(len(split.image))
    for columns in ordered_batches(captions, split.words.lengths, _CAPTIONS_AT_ONCE):
        texts = model.compare.encode_texts(*split.texts(columns))
        for rows, images in encoded:
            part = model.compare.similarity(images, texts)  # (I', T')
            similarity[np.ix_(rows, columns)] = part.cpu().numpy()
    return similarity
