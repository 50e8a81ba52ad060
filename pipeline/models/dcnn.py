"""DCNN (Kruk et al., EMNLP 2019, arXiv 1904.09073).

An image's frozen feature and the mean state of a bidirectional GRU over the words are projected
to one space, fused, and classified.

Adapted: AnANet's paper puts BERT where the authors had ELMo. The operator of the fusion and the
width of the space are ours; the default is the sum.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.models.classifier import Baseline, Output, Sizes
from pipeline.models.layers import masked_mean, recurrent_states
from pipeline.params.base import Count, Dropout, Section


class DCNNParams(Section):
    """width: of the common space, and of each direction of the BiGRU."""

    width: Count  # d
    fusion: Literal["add", "multiply", "concat"]
    dropout: Dropout


class DCNN(Baseline):
    """Two projections, their fusion, a linear classifier."""

    params_type = DCNNParams

    def __init__(self, params: DCNNParams, sizes: Sizes) -> None:
        super().__init__()
        d = params.width
        self.fusion = params.fusion
        self.bigru = nn.GRU(sizes.word_dim, d, batch_first=True, bidirectional=True)
        self.W_text = nn.Linear(2 * d, d)
        self.W_image = nn.Linear(sizes.pooled_dim, d)
        self.dropout = nn.Dropout(params.dropout)
        self.classifier = nn.Linear(2 * d if self.fusion == "concat" else d, sizes.classes)

    def forward(
        self, pooled: Tensor, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None
    ) -> Output:
        states = recurrent_states(self.bigru, words, word_mask, lengths)  # (B, L, 2 * d)
        e_t = self.W_text(masked_mean(states, word_mask))  # (B, d)
        e_v = self.W_image(pooled)  # (B, d)
        return Output(self.classifier(self.dropout(self._fuse(e_t, e_v))))

    def _fuse(self, e_t: Tensor, e_v: Tensor) -> Tensor:
        if self.fusion == "concat":
            return torch.cat([e_t, e_v], dim=-1)  # (B, 2 * d)
        return e_t + e_v if self.fusion == "add" else e_t * e_v  # (B, d)
