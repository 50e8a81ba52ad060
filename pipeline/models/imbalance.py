"""Class weights and focal loss, for corpora with a rare class."""

import numpy as np
import torch
from torch import Tensor

from pipeline.models.classifier import Classes


def class_weights(labels: Classes, classes: int) -> Tensor:
    """A weight per class (C,), inverse to its frequency; a class as frequent as the mean has 1."""
    counts = np.bincount(labels, minlength=classes)
    return torch.from_numpy(len(labels) / (classes * np.maximum(counts, 1))).float()


def focal_loss(logits: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """Mean of (1 - p)^gamma * -log p, p the probability of the true class (Lin et al., ICCV 2017,
    Eq. 4); 0 is the cross-entropy."""
    log_p = logits.log_softmax(-1).gather(1, labels.unsqueeze(1)).squeeze(1)  # (B,)
    loss: Tensor = -((1 - log_p.exp()) ** gamma * log_p).mean()
    return loss
