"""How far one side of the pairs alone gets: what a model of the relation must stay above."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pipeline.models.layers import masked_mean
from pipeline.models.logistic_regression import fit_logistic_regression
from pipeline.training.data import PairFeatures
from pipeline.training.metrics import Classes

Vectors = npt.NDArray[np.float32]

_BATCH_SIZE = 256


def one_sided_accuracies(features: PairFeatures) -> dict[str, float]:
    """Test accuracy of the commonest train class, and of logistic regression on one side's mean
    feature: all regions of the picture, all words of the text.

    If one of them comes near to a model of the pair, the corpus can be judged from that side alone.
    """
    gold = {split: features.labels[features.rows(split)] for split in ("train", "dev", "test")}
    commonest = np.bincount(gold["train"]).argmax()
    found = {"majority_accuracy": float((gold["test"] == commonest).mean())}
    means = {split: _means(features, split) for split in gold}
    for side, name in enumerate(("image", "text")):
        vectors = {split: both[side] for split, both in means.items()}
        found[f"{name}_only_accuracy"] = _accuracy(vectors, gold)
    return found


def _means(features: PairFeatures, split: str) -> tuple[Vectors, Vectors]:
    images, texts = zip(*_mean_batches(features, split), strict=True)
    return np.concatenate(images), np.concatenate(texts)


def _mean_batches(features: PairFeatures, split: str) -> Iterator[tuple[Vectors, Vectors]]:
    rows = features.rows(split)
    for start in range(0, len(rows), _BATCH_SIZE):
        inputs = features.gather(rows[start : start + _BATCH_SIZE]).inputs
        image = masked_mean(inputs["regions"], inputs["region_mask"])  # (B, D_r)
        text = masked_mean(inputs["words"], inputs["word_mask"])  # (B, D_w)
        yield image.cpu().numpy(), text.cpu().numpy()


def _accuracy(vectors: dict[str, Vectors], gold: dict[str, Classes]) -> float:
    train, dev = ((vectors[split], gold[split]) for split in ("train", "dev"))
    model = fit_logistic_regression(train, dev)
    with threadpool_limits(1):
        return float(model.score(vectors["test"], gold["test"]))
