"""What all similarity models share: their configuration, and encodings in the common space."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

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

    whole: (N, d) unit vectors, where the model has one per image or text.
    parts: (N, M, d) unit vectors of regions or words, zero where the mask (N, M) is false.
    """

    mask: Tensor
    whole: Tensor | None = None
    parts: Tensor | None = None

    def __getitem__(self, rows: Tensor | slice) -> "Encoded":
        """A selection of them."""
        whole, parts = (x if x is None else x[rows] for x in (self.whole, self.parts))
        return Encoded(self.mask[rows], whole, parts)

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

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """(B, L) or (B, L, D_w), and (B, L) -> (B, L, d), zero on padding."""
        vectors = words if self.embedding is None else self.embedding(words)  # (B, L, D_w)
        states = recurrent_states(self.bigru, self.dropout(vectors), mask)  # (B, L, 2 d)
        return merge_directions(states, "mean")


class MaskedBatchNorm(nn.BatchNorm1d):
    """Batch normalisation of each channel over the valid entries."""

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        """(B, M, d) and (B, M) -> (B, M, d), zero where the mask is false."""
        found = values.new_zeros(values.shape)
        if mask.sum() > 1 or not self.training:  # a single entry has no variance
            found[mask] = super().forward(values[mask])
        return found


def project_regions(layer: nn.Linear, regions: Tensor, mask: Tensor) -> Tensor:
    """Unit vectors of regions in the common space, (B, K, D_r) -> (B, K, d); zero if missing."""
    return F.normalize(layer(regions), dim=-1) * mask.unsqueeze(-1)


def xavier_(layer: nn.Linear) -> nn.Linear:
    """Initialise a layer with Xavier's uniform weights and zero bias; returns it."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
