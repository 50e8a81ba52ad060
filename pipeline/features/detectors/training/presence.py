"""What a photo tells as a whole: which of the teacher's classes stand in it.

A model that reads all regions of a picture sees little more than their mean, and much of a picture
lies outside of them. The teacher's boxes say what a photo holds; a linear model learns to tell it
from the photo's mean over ImageNet's last layer, and fc7 learns to repeat that (see
`Distillation`). The same kind of model is the probe that tells what a feature holds.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.features.detectors.training.dataset import Target
from pipeline.features.detectors.training.losses import trust

_ITERATIONS = 200
_LEAST_SPREAD = 1e-6


def present_classes(targets: list[Target], classes: int) -> Tensor:
    """How surely each class stands in each photo, (N, C - 1) in 0..1: as surely as the teacher's
    best box of it says.

    classes: C, with the background, which has no column.
    """
    present = torch.zeros(len(targets), classes - 1)
    for row, target in zip(present, targets, strict=True):
        row.scatter_reduce_(0, target["labels"] - 1, trust(target["scores"]), "amax")
    return present


def fit_presence(features: Tensor, present: Tensor, penalty: float) -> nn.Linear:
    """One logistic regression per class on the photos' features (N, D), for (N, C) in 0..1.

    penalty: on half the squared weights of features of spread 1, beside the cross-entropy's mean
    over the photos. What is returned takes the features as they are.
    """
    mean, spread = features.mean(0), features.std(0) + _LEAST_SPREAD
    scaled = (features - mean) / spread
    regression = nn.Linear(features.shape[1], present.shape[1])
    nn.init.zeros_(regression.weight)
    nn.init.zeros_(regression.bias)
    optimizer = torch.optim.LBFGS(
        regression.parameters(), max_iter=_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        errors = F.binary_cross_entropy_with_logits(regression(scaled), present, reduction="sum")
        total = errors / len(features) + penalty / 2 * regression.weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        regression.weight.div_(spread)
        regression.bias.sub_(regression.weight @ mean)
    return regression.requires_grad_(False)
