"""CoMemory, the Co-Memory Network (Xu, Mao and Chen, SIGIR 2018).

The cells of the image and the words of the text are two memories. Each side's query attends
to its memory and is updated for several hops; each side's attention is guided by the other.

Adapted: a grid of frozen features and cached word vectors fill the memories. The form of the
attention (a score from one hidden layer) and of the update (one GRU cell per side) follows the
same authors' later Multi-Interactive Memory Network (AAAI 2019); widths and hops are ours.
"""

import torch
from torch import Tensor, nn

from pipeline.models.classifier import Baseline, Output, Sizes
from pipeline.models.layers import masked_mean, masked_softmax, recurrent_states
from pipeline.params.base import Count, Dropout, Section


class CoMemoryParams(Section):
    """half_width: of each direction of the BiLSTM; memories and queries are twice as wide."""

    half_width: Count
    hops: Count
    dropout: Dropout


class MemoryReader(nn.Module):
    """One side's attention over its memory, and the update of its query."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.W_memory = nn.Linear(width, width, bias=False)
        self.W_query = nn.Linear(width, width)
        self.w = nn.Linear(width, 1, bias=False)
        self.update = nn.GRUCell(width, width)

    def forward(
        self, memory: Tensor, keys: Tensor, mask: Tensor, guide: Tensor, query: Tensor
    ) -> Tensor:
        """One hop -> the updated query (B, d).

        memory and keys = W_memory(memory): (B, M, d). mask: (B, M). guide and query: (B, d).
        """
        hidden = (keys + self.W_query(guide).unsqueeze(1)).tanh()  # (B, M, d)
        weights = masked_softmax(self.w(hidden).squeeze(-1), mask)  # (B, M)
        found = (weights.unsqueeze(1) @ memory).squeeze(1)  # (B, d)
        updated: Tensor = self.update(found, query)  # (B, d)
        return updated


class CoMemory(Baseline):
    """Two memories with co-attention for several hops."""

    params_type = CoMemoryParams

    def __init__(self, params: CoMemoryParams, sizes: Sizes) -> None:
        super().__init__()
        self.hops = params.hops
        d = 2 * params.half_width
        self.project = nn.Linear(sizes.grid_dim, d)
        self.bilstm = nn.LSTM(
            sizes.word_dim, params.half_width, batch_first=True, bidirectional=True
        )
        self.image_reader, self.text_reader = MemoryReader(d), MemoryReader(d)
        self.dropout = nn.Dropout(params.dropout)
        self.classifier = nn.Linear(2 * d, sizes.classes)

    def forward(
        self, grid: Tensor, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None
    ) -> Output:
        M_v = self.project(grid)  # (B, cells, D_c) -> (B, cells, d)
        M_t = recurrent_states(self.bilstm, words, word_mask, lengths)  # (B, L, d)
        cells = torch.ones_like(M_v[..., 0], dtype=torch.bool)  # (B, cells)
        q_v, q_t = M_v.mean(1), masked_mean(M_t, word_mask)  # (B, d) each
        keys_v, keys_t = self.image_reader.W_memory(M_v), self.text_reader.W_memory(M_t)
        for _ in range(self.hops):
            guide = q_t + q_v  # the same for both sides, so that each guides the other
            q_v, q_t = (
                self.image_reader(M_v, keys_v, cells, guide, q_v),
                self.text_reader(M_t, keys_t, word_mask, guide, q_t),
            )
        return Output(self.classifier(self.dropout(torch.cat([q_t, q_v], dim=-1))))
