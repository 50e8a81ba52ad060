"""AnANet's encoders of regions, scenes and words; see pipeline.models.ananet.

Shapes: B pairs, K regions, S cells, L words, D_r, D_p (pooled), D_c (cells) and D_w the widths of
their features, d = `model.hidden`.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.classifier import SceneDims
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


class ScenePlaces(nn.Module):
    """Ours: the scene beside its regions. Its pooled vector and its cells become further places of
    V, each encoded as in Eq. 1 with weights of its own kind.
    """

    def __init__(self, dims: SceneDims, params: ModelParams) -> None:
        super().__init__()
        self.pooled = ImageEncoder(dims.pooled, params)
        self.grid = ImageEncoder(dims.grid, params)

    def standardize(self, moments: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        """As `ImageEncoder.standardize`, for `pooled` and `grid` by name."""
        self.pooled.standardize(*moments["pooled"])
        self.grid.standardize(*moments["grid"])

    def forward(
        self, V: Tensor, region_mask: Tensor, pooled: Tensor, grid: Tensor, scene_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """V (B, K + 1 + S, d) and its mask, from the regions' V (B, K, d) and region_mask (B, K).

        pooled: (B, D_p). grid: (B, S, D_c). scene_mask: (B,), false without a readable image.
        """
        cells = self.grid(grid)  # (B, S, d)
        places = torch.cat([V, self.pooled(pooled).unsqueeze(1), cells], dim=1)
        of_scene = scene_mask.unsqueeze(1).expand(-1, 1 + cells.shape[1])  # (B, 1 + S)
        return places, torch.cat([region_mask, of_scene], dim=1)


class TextEncoder(nn.Module):
    """Eq. 2 to 4: T = BiGRU([GloVe(w_j); BERT(w_j)])."""

    def __init__(self, word_dim: int, params: ModelParams) -> None:
        super().__init__()
        self.merge = params.bigru_merge
        width = params.hidden // 2 if self.merge == "concat" else params.hidden
        self.bigru = nn.GRU(word_dim, width, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(params.dropout)

    def forward(self, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None) -> Tensor:
        states = recurrent_states(self.bigru, words, word_mask, lengths)  # (B, L, 2 * width)
        T: Tensor = self.dropout(merge_directions(states, self.merge))  # (B, L, d)
        return T
