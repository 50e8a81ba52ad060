"""What a model of the relation must beat: the image alone and the text alone."""

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.dataset.pairs import PairFeatures
from pipeline.metrics.f1 import Classes
from pipeline.models.classifier import Vectors
from pipeline.models.layers import masked_mean
from pipeline.models.logistic_regression import fit_logistic_regression

_BATCH_SIZE = 256


def one_sided_accuracies(features: PairFeatures) -> dict[str, float]:
    """Test accuracy of the most frequent train class, and of logistic regression on the mean
    feature of one side: all regions of the image, or all words of the text.

    If one of them comes near a model of the pair, that side alone predicts the relation.

    Raises:
        UserError: a split has no pairs.
    """
    gold = {split: features.labels[features.rows(split)] for split in ("train", "dev", "test")}
    majority = np.bincount(gold["train"]).argmax()
    accuracies = {"majority_accuracy": float((gold["test"] == majority).mean())}
    means = {split: _means(features, split) for split in gold}
    for side, name in enumerate(("image", "text")):
        vectors = {split: both[side] for split, both in means.items()}
        accuracies[f"{name}_only_accuracy"] = _accuracy(vectors, gold)
    return accuracies


def _means(features: PairFeatures, split: str) -> tuple[Vectors, Vectors]:
    rows = features.rows(split)
    images, texts = [], []
    for start in range(0, len(rows), _BATCH_SIZE):
        inputs = features.gather(rows[start : start + _BATCH_SIZE]).inputs
        image = masked_mean(inputs["regions"], inputs["region_mask"])  # (B, D_r)
        text = masked_mean(inputs["words"], inputs["word_mask"])  # (B, D_w)
        images.append(image.cpu().numpy())
        texts.append(text.cpu().numpy())
    return np.concatenate(images), np.concatenate(texts)


def _accuracy(vectors: dict[str, Vectors], gold: dict[str, Classes]) -> float:
    train, dev = ((vectors[split], gold[split]) for split in ("train", "dev"))
    model = fit_logistic_regression(train, dev)
    with threadpool_limits(1):
        return float(model.score(vectors["test"], gold["test"]))
