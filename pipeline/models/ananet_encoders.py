"""AnANet's encoders of regions and words; see pipeline.models.ananet.

Shapes: B pairs, K regions, L words, D_r and D_w the widths of their features, d = `model.hidden`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.layers import merge_directions, recurrent_states
from pipeline.params.project import ModelParams

# Standard deviation of standardised region features. With it V starts about as large as T.
_REGION_SPREAD = 0.5


class ImageEncoder(nn.Module):
    """Eq. 1: V = ReLU(FasterRCNN(image) w_v + b_v), where w_v reads standardised features.

    Standardisation is part of w_v and b_v, so the equation stays the paper's. It removes what all
    images share, so that the optimiser sees their differences.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, region_dim: int, params: ModelParams) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(region_dim))
        self.register_buffer("spread", torch.ones(region_dim))
        self.fc = nn.Linear(region_dim, params.hidden)
        self.dropout = nn.Dropout(params.dropout)

    def standardize(self, mean: Tensor, spread: Tensor) -> None:
        """Bring features of this mean and standard deviation (D_r,) to 0 and 1/2; a channel that
        never changes is only moved."""
        self.mean.copy_(mean)
        self.spread.copy_(torch.where(spread > 0, spread / _REGION_SPREAD, 1.0))

    def forward(self, regions: Tensor) -> Tensor:
        w_v = self.fc.weight / self.spread  # (d, D_r)
        b_v = self.fc.bias - w_v @ self.mean  # (d,)
        V: Tensor = self.dropout(F.linear(regions, w_v, b_v).relu())  # (B, K, D_r) -> (B, K, d)
        return V


class TextEncoder(nn.Module):
    """Eq. 2 to 4: T = BiGRU([GloVe(w_j); BERT(w_j)])."""

    def __init__(self, word_dim: int, params: ModelParams) -> None:
        super().__init__()
        self.merge = params.bigru_merge
        width = params.hidden // 2 if self.merge == "concat" else params.hidden
        self.bigru = nn.GRU(word_dim, width, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(params.dropout)

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        states = recurrent_states(self.bigru, words, word_mask)  # (B, L, 2 * width)
        T: Tensor = self.dropout(merge_directions(states, self.merge))  # (B, L, d)
        return T
