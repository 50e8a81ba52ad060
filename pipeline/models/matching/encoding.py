"""What all similarity models share: their configuration, and encodings in the common space."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.core.device import on_device
from pipeline.models.layers import merge_directions, recurrent_states
from pipeline.params.base import Count, NonNegativeInt, Section
from pipeline.params.matching import Member, ModelParams


class MatchingConfig(Section):
    """What a model is built from; vocabulary: number of words, 0 where they come as vectors."""

    member: Member
    region_width: Count
    vocabulary: NonNegativeInt
    word_width: Count
    model: ModelParams


@dataclass(frozen=True)
class Encoded:
    """N images or texts in the common space.

    mask: (N, M), which regions or words there are. host: the same on the host, so that what depends
    on it does not wait for the device.
    whole: (N, d) unit vectors, where the model has one per image or text.
    parts: (N, M, d) unit vectors of regions or words, zero where the mask (N, M) is false.
    """

    mask: Tensor
    host: Tensor
    whole: Tensor | None = None
    parts: Tensor | None = None

    def __getitem__(self, rows: Tensor) -> "Encoded":
        """A selection of them; rows: on the host."""
        here = on_device(rows, self.mask.device)
        whole, parts = (x if x is None else x[here] for x in (self.whole, self.parts))
        return Encoded(self.mask[here], self.host[rows], whole, parts)

    @property
    def members(self) -> Tensor:
        """`parts` of a model that compares regions with words."""
        assert self.parts is not None
        return self.parts

    @property
    def summary(self) -> Tensor:
        """`whole` of a model that has it."""
        assert self.whole is not None
        return self.whole


class WordStates(nn.Module):
    """A BiGRU over words, its two directions averaged.

    Words come as indices into a vocabulary, whose embeddings are learned, or as vectors.
    """

    def __init__(self, vocabulary: int, word_width: int, width: int, dropout: float = 0.0) -> None:
        """vocabulary: number of words, 0 where words come as vectors of `word_width`."""
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, word_width) if vocabulary else None
        if self.embedding is not None:
            nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        self.dropout = nn.Dropout(dropout)
        self.bigru = nn.GRU(word_width, width, batch_first=True, bidirectional=True)

    def forward(self, words: Tensor, host: Tensor) -> Tensor:
        """(B, L) or (B, L, D_w), and a mask (B, L) on the host -> (B, L, d), zero on padding."""
        vectors = words if self.embedding is None else self.embedding(words)  # (B, L, D_w)
        lengths = host.sum(1)
        states = recurrent_states(self.bigru, self.dropout(vectors), host, lengths)  # (B, L, 2 d)
        return merge_directions(states, "mean")


class MaskedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation of each channel over the valid entries.

    sum_up: adds up a tensor over all processes, where each holds a part of the batch's entries.
    """

    sum_up: Callable[[Tensor], Tensor] | None = None

    def forward(self, values: Tensor, host: Tensor) -> Tensor:  # type: ignore[override]
        """(B, M, d) and a mask (B, M) on the host -> (B, M, d), zero where the mask is false."""
        found = values.new_zeros(values.shape)
        shared = self.sum_up if self.training else None
        if host.sum() <= 1 and self.training and not shared:  # a single entry has no variance
            return found
        there = on_device(host.flatten().nonzero().squeeze(1), values.device)  # (valid,)
        entries = values.flatten(0, 1).index_select(0, there)
        normed = self._over_all(entries, shared) if shared else super().forward(entries)
        return found.flatten(0, 1).index_copy(0, there, normed).view(values.shape)

    def _over_all(self, entries: Tensor, sum_up: Callable[[Tensor], Tensor]) -> Tensor:
        """(n, d), of this process -> (n, d), normalised by the entries of all."""
        count = sum_up(entries.new_tensor([float(len(entries))]))
        mean = sum_up(entries.sum(0)) / count
        variance = sum_up((entries - mean).square().sum(0)) / count
        with torch.no_grad():
            # As PyTorch keeps them: of the variance, the unbiased one.
            kept = ((self.running_mean, mean), (self.running_var, variance * count / (count - 1)))
            for running, found in kept:
                running.lerp_(found, self.momentum)  # type: ignore[union-attr,arg-type]
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        normed: Tensor = (entries - mean) * (variance + self.eps).rsqrt()
        return normed * self.weight + self.bias


def project_regions(layer: nn.Linear, regions: Tensor, mask: Tensor) -> Tensor:
    """Unit vectors of regions in the common space, (B, K, D_r) -> (B, K, d); zero if missing."""
    return F.normalize(layer(regions), dim=-1) * mask.unsqueeze(-1)


def xavier_(layer: nn.Linear) -> nn.Linear:
    """Initialise a layer with Xavier's uniform weights and zero bias; returns it."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
