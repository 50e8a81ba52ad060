"""A model's output for single pairs, from its features."""

import numpy as np
import torch
from torch import Tensor

from pipeline.dataset.pairs import PairFeatures
from pipeline.features.batches import Rows
from pipeline.finite import require_finite_outputs
from pipeline.metrics.pair_outputs import AttentionMaps, Floats, PairOutput
from pipeline.models.ananet import Alignment, AnANet
from pipeline.models.classifier import apply_model, stream_logits


@torch.inference_mode()
def predict_pairs(model: AnANet, features: PairFeatures, rows: Rows) -> list[PairOutput]:
    """Classify the pairs of these rows as one batch; the model is left in evaluation mode.

    Raises:
        UserError: a probability is not finite.
    """
    model.eval()
    batch = features.gather(rows)
    output = apply_model(model, batch.inputs)
    probabilities = _softmax(output.logits)
    require_finite_outputs(probabilities, [features.ids[row] for row in rows])
    streams = {name: _softmax(logits) for name, logits in stream_logits(output).items()}
    lengths = batch.inputs["lengths"].tolist()
    slots = features.arrays.slots(rows)
    return [
        PairOutput(
            probabilities[i],
            {name: stream[i] for name, stream in streams.items()},
            _attention(output.alignment, i, lengths[i], slots[i]) if output.alignment else None,
        )
        for i in range(len(rows))
    ]


def _softmax(logits: Tensor) -> Floats:
    return logits.softmax(-1).cpu().numpy()


def _attention(alignment: Alignment, pair: int, words: int, slots: Rows) -> AttentionMaps:
    """One pair of a batch, without padding; slots (K,): as from `PairArrays.slots`."""
    places = np.argsort(slots)  # of the regions, which come before the scene
    maps = (alignment.A_v2t, alignment.A_t2v, alignment.t_bar, alignment.v_bar)
    A_v2t, A_t2v, t_bar, v_bar = (part[pair].float().cpu().numpy() for part in maps)
    return AttentionMaps(A_v2t[:words, places], A_t2v[places, :words], t_bar[:words], v_bar[places])
