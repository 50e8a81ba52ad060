"""What a model says about the pairs of a split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.models.classifier import Classifier, judge, stream_logits
from pipeline.training.data import PairFeatures
from pipeline.training.metrics import Classes, bootstrap_intervals, classification_metrics

# No gradients are kept, so this may be larger than a training batch; it changes no prediction.
_BATCH_SIZE = 256


@dataclass(frozen=True)
class Predictions:
    """Predictions for n pairs, in the order of the table they come from.

    gold: (n,) class indices. probabilities: (n, C) float32. streams: name of a stream -> the
    classes (n,) that it would choose alone. losses: the loss terms, see `mean_losses`.
    """

    ids: list[str]
    gold: Classes
    probabilities: npt.NDArray[np.float32]
    streams: dict[str, Classes]
    losses: dict[str, float]

    @property
    def predicted(self) -> Classes:
        """The most probable class of each pair (n,)."""
        predicted: Classes = self.probabilities.argmax(1)
        return predicted


@torch.inference_mode()
def predict(model: Classifier, features: PairFeatures, split: str) -> Predictions:
    """Judge every pair of a split; the model is left in evaluation mode."""
    model.eval()
    batches = features.batches(split, _BATCH_SIZE)
    found: list[dict[str, Tensor]] = []
    losses: list[dict[str, Tensor]] = []
    for rows in batches:
        batch = features.gather(rows)
        output = judge(model, batch.inputs)
        found.append({"all": output.logits.softmax(-1), **stream_logits(output)})
        losses.append(model.loss(output, batch.labels))

    order = np.argsort(np.concatenate(batches))
    rows = features.rows(split)
    whole = {
        name: torch.cat([part[name] for part in found]).cpu().numpy()[order] for name in found[0]
    }
    return Predictions(
        ids=[features.ids[row] for row in rows],
        gold=features.labels[rows],
        probabilities=whole.pop("all"),
        streams={name: votes.argmax(1) for name, votes in whole.items()},
        losses=mean_losses(losses, [len(rows) for rows in batches]),
    )


def mean_losses(losses: Sequence[dict[str, Tensor]], sizes: Sequence[float]) -> dict[str, float]:
    """Each term's mean over batches that count by their number of pairs."""
    shares = np.array(sizes) / sum(sizes)
    return {
        name: float(shares @ torch.stack([terms[name] for terms in losses]).double().cpu().numpy())
        for name in losses[0]
    }


def evaluation_metrics(
    predictions: Predictions, labels: Sequence[str], resamples: int, seed: int
) -> dict[str, float]:
    """All of metrics.json: the fused prediction with its intervals, then each stream's own."""
    gold = predictions.gold
    metrics = classification_metrics(gold, predictions.predicted, labels)
    metrics |= bootstrap_intervals(gold, predictions.predicted, len(labels), resamples, seed)
    for stream, votes in predictions.streams.items():
        own = classification_metrics(gold, votes, labels)
        metrics |= {f"{stream}_{name}": own[name] for name in ("accuracy", "f1_weighted")}
    return metrics
