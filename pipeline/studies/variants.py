"""Runs of the rows that are AnANet, whole or in part."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from pipeline.models.ananet import AnANet
from pipeline.params import Params
from pipeline.training.configuration import new_ananet
from pipeline.training.data import PairFeatures
from pipeline.training.evaluation import Predictions, predict
from pipeline.training.imbalance import class_weights, focal_loss, weighted_cross_entropy
from pipeline.training.loop import Loss, fit
from pipeline.training.seeding import seed_everything


def ananet_run(
    params: Params,
    features: PairFeatures,
    seed: int,
    classification: str = "plain",
    gamma: float = 0.0,
) -> Callable[[], Predictions]:
    """One training of AnANet, to be called.

    Args:
        classification: plain | class_weighted | focal, what stands in for Eq. 19.
        gamma: of the focal loss.
    """
    return partial(_train, params, features, seed, classification, gamma)


def _train(
    params: Params, features: PairFeatures, seed: int, classification: str, gamma: float
) -> Predictions:
    seed_everything(seed)
    model = new_ananet(params, features)
    loss = _loss(model, features, classification, gamma)
    train = params.train.model_copy(update={"seed": seed})
    fit(model, features, train, lambda epoch, figures: None, loss, progress=False)
    return predict(model, features, "test")


def _loss(model: AnANet, features: PairFeatures, classification: str, gamma: float) -> Loss | None:
    """The loss of Eq. 22 with another first term; None for its own."""
    if classification == "plain":
        return None
    weights = class_weights(features.labels[features.rows("train")], len(model.config.labels))

    def loss(output: Any, labels: Tensor) -> dict[str, Tensor]:
        terms = model.loss(output, labels)
        if classification == "focal":
            own = focal_loss(output.logits, labels, gamma)
        else:
            own = weighted_cross_entropy(output.logits, labels, weights)
        total = terms["total"] - terms["classification"] + own
        return terms | {"classification": own, "total": total}

    return loss
