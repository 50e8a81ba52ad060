"""A model's output for single pairs: class probabilities and attention maps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.dataset.pairs import PairFeatures
from pipeline.features.vectors import Rows
from pipeline.finite import require_finite_outputs
from pipeline.models.ananet import Alignment, AnANet
from pipeline.models.classifier import apply_model, stream_logits

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class AttentionMaps:
    """The alignment net's attention for one pair, regions in the order of the feature file.

    A_v2t: (L, K), for each word, its weights over the regions; with `model.scenes` they add up to
    less than one, as the scene's places, which have no boxes, are left out. A_t2v: (K, L), for each
    region, its weights over the words. t_bar (L,) and v_bar (K,): cosine of each word and of each
    region with its reconstruction from the other side (Eq. 15 and 16).
    """

    A_v2t: Floats
    A_t2v: Floats
    t_bar: Floats
    v_bar: Floats

    def strongest(self) -> npt.NDArray[np.int64]:
        """The region with each word's largest weight, (L,)."""
        regions: npt.NDArray[np.int64] = self.A_v2t.argmax(1)
        return regions


@dataclass(frozen=True)
class PairOutput:
    """A model's output for one pair.

    probabilities: (C,). streams: name of a stream -> its own probabilities (C,). attention: None
    for a model without an alignment net.
    """

    probabilities: Floats
    streams: dict[str, Floats]
    attention: AttentionMaps | None

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())


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
    lengths = batch.inputs["word_mask"].sum(1).tolist()
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
