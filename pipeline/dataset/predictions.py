"""A model's predictions for the pairs of a split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.dataset.pairs import PairBatch, PairFeatures
from pipeline.features.batches import Rows
from pipeline.finite import require_finite_outputs
from pipeline.models.classifier import Classes, Classifier, apply_model, stream_logits

# No gradients are kept, so this may be larger than a training batch; it changes no prediction.
_BATCH_SIZE = 256


@dataclass(frozen=True)
class Predictions:
    """Predictions for n pairs, in the order of the table they come from.

    gold: (n,) class indices. probabilities: (n, C) float32. streams: name of a stream -> the
    classes (n,) of its own vote. losses: the loss terms, see `mean_losses`.
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
def predict(
    model: Classifier, features: PairFeatures, split: str, batch_size: int = _BATCH_SIZE
) -> Predictions:
    """Classify every pair of a split; the model is left in evaluation mode.

    Raises:
        UserError: the split has no pairs, or a probability is not finite.
    """
    model.eval()
    batches = features.batches(split, batch_size)
    results = [_classify(model, batch) for batch in features.stream(batches)]
    parts, losses = zip(*results, strict=True)
    rows, whole = features.rows(split), _join(parts, np.argsort(np.concatenate(batches)))
    ids = [features.ids[row] for row in rows]
    require_finite_outputs(whole["all"], ids)
    return Predictions(
        ids=ids,
        gold=features.labels[rows],
        probabilities=whole.pop("all"),
        streams={name: votes.argmax(1) for name, votes in whole.items()},
        losses=mean_losses(losses, [len(rows) for rows in batches]),
    )


def _classify(model: Classifier, batch: PairBatch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Probabilities and each stream's logits, and the loss terms."""
    output = apply_model(model, batch.inputs)
    parts = {"all": output.logits.softmax(-1), **stream_logits(output)}
    return parts, model.loss(output, batch.labels)


def _join(parts: Sequence[dict[str, Tensor]], order: Rows) -> dict[str, npt.NDArray[np.float32]]:
    return {
        name: torch.cat([part[name] for part in parts]).cpu().numpy()[order] for name in parts[0]
    }


def mean_losses(losses: Sequence[dict[str, Tensor]], sizes: Sequence[float]) -> dict[str, float]:
    """Each term's mean over batches, weighted by their sizes."""
    shares = np.array(sizes) / sum(sizes)
    return {
        name: float(shares @ torch.stack([terms[name] for terms in losses]).double().cpu().numpy())
        for name in losses[0]
    }
