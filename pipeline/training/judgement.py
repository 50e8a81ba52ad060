"""What a model says about single pairs, and which words and regions it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from pipeline.models.ananet import Alignment, AnANet, AnANetOutput
from pipeline.models.classifier import judge, stream_logits
from pipeline.training.batching import Rows
from pipeline.training.data import PairFeatures

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Links:
    """The alignment net's view of one pair; regions stand in the order of the feature file.

    A_v2t: (L, K), for each word, its weights over the regions. A_t2v: (K, L), for each region, its
    weights over the words. t_bar (L,) and v_bar (K,): cosine of each word, and of each region, with
    what the other side makes of it (Eq. 15 and 16).
    """

    A_v2t: Floats
    A_t2v: Floats
    t_bar: Floats
    v_bar: Floats

    def strongest(self) -> npt.NDArray[np.int64]:
        """The region that each word looks at most, (L,)."""
        regions: npt.NDArray[np.int64] = self.A_v2t.argmax(1)
        return regions

    @classmethod
    def of(cls, found: Alignment, pair: int, words: int, slots: Rows) -> Self:
        """One pair of a batch, without its padding; `slots` (K,) as `PairFeatures.slots` has it."""
        places = np.argsort(slots)
        maps = (found.A_v2t, found.A_t2v, found.t_bar, found.v_bar)
        A_v2t, A_t2v, t_bar, v_bar = (part[pair].float().cpu().numpy() for part in maps)
        return cls(A_v2t[:words, places], A_t2v[places, :words], t_bar[:words], v_bar[places])


@dataclass(frozen=True)
class Judgement:
    """What a model says about one pair.

    probabilities: (C,). streams: name of a stream -> the probabilities (C,) that its vote alone
    would give. links: None for a model without alignment net.
    """

    probabilities: Floats
    streams: dict[str, Floats]
    links: Links | None

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())


@torch.inference_mode()
def judge_pairs(model: AnANet, features: PairFeatures, rows: Rows) -> list[Judgement]:
    """Judge the pairs of these rows as one batch; the model is left in evaluation mode."""
    model.eval()
    batch = features.gather(rows)
    output = judge(model, batch.inputs)
    probabilities = output.logits.softmax(-1).cpu().numpy()
    votes = stream_logits(output)
    shares = {name: logits.softmax(-1).cpu().numpy() for name, logits in votes.items()}
    links = _links(output, batch.inputs["word_mask"].sum(1).tolist(), features.slots(rows))
    return [
        Judgement(probabilities[i], {name: share[i] for name, share in shares.items()}, links[i])
        for i in range(len(rows))
    ]


def _links(output: AnANetOutput, lengths: Sequence[int], slots: Rows) -> Sequence[Links | None]:
    if output.alignment is None:
        return [None] * len(lengths)
    return [Links.of(output.alignment, i, n, slots[i]) for i, n in enumerate(lengths)]
