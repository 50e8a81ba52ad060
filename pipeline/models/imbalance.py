"""The classification loss of Eq. 19, and two others for corpora with a rare class."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.models.classifier import Classes
from pipeline.params.project import LossParams


def classification_loss(
    logits: Tensor, labels: Tensor, weights: Tensor, params: LossParams
) -> Tensor:
    """`loss.classification` of logits (B, C) for labels (B,), reduced over the batch.

    weights: (C,), of the classes; only `class_weighted` reads them.
    """
    if params.classification == "focal":
        return focal_loss(logits, labels, params.focal_gamma, params.reduction)
    used = weights if params.classification == "class_weighted" else None
    return F.cross_entropy(logits, labels, used, reduction=params.reduction)


def class_weights(labels: Classes, classes: int) -> Tensor:
    """A weight per class (C,), inverse to its frequency; a class as frequent as the mean has 1."""
    counts = np.bincount(labels, minlength=classes)
    return torch.from_numpy(len(labels) / (classes * np.maximum(counts, 1))).float()


def focal_loss(logits: Tensor, labels: Tensor, gamma: float, reduction: str = "mean") -> Tensor:
    """Mean or sum of (1 - p)^gamma * -log p, p the probability of the true class (Lin et al., ICCV
    2017, Eq. 4); 0 is the cross-entropy."""
    log_p = logits.log_softmax(-1).gather(1, labels.unsqueeze(1)).squeeze(1)  # (B,)
    losses = -((1 - log_p.exp()) ** gamma * log_p)  # (B,)
    return losses.mean() if reduction == "mean" else losses.sum()
