"""TFN, the Tensor Fusion Network (Zadeh et al., EMNLP 2017, arXiv 1707.07250).

Each side has a subnetwork; the outer product of the two embeddings, each with a constant 1
appended, contains both embeddings and all their products.

Adapted: two sides instead of three, without sound; the image is one pooled scene vector, the
words are cached vectors; the regression of a sentiment becomes a choice among classes. Widths are
ours.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.classifier import Baseline, Output, Sizes
from pipeline.models.layers import last_state
from pipeline.params.base import Count, Dropout, Section


class TFNParams(Section):
    """Widths of the embeddings, and of the two layers above their product."""

    image_width: Count  # d_v
    text_width: Count  # d_t
    fusion_width: Count  # d_f
    dropout: Dropout


class ImageSubnet(nn.Module):
    """Batch normalisation, dropout and three layers of equal width."""

    def __init__(self, params: TFNParams, pooled_dim: int) -> None:
        super().__init__()
        width = params.image_width
        self.norm = nn.BatchNorm1d(pooled_dim)
        self.layers = nn.Sequential(
            nn.Dropout(params.dropout),
            nn.Linear(pooled_dim, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
        )

    def forward(self, pooled: Tensor) -> Tensor:
        # A batch of one pair, as at the end of an epoch, has no variance.
        if self.training and len(pooled) == 1:
            mean, variance = self.norm.running_mean, self.norm.running_var
            pooled = F.batch_norm(pooled, mean, variance, self.norm.weight, self.norm.bias)
        else:
            pooled = self.norm(pooled)
        z_v: Tensor = self.layers(pooled)  # (B, D_p) -> (B, d_v)
        return z_v


class TFN(Baseline):
    """Two subnetworks, their tensor fusion, and a classifier on top."""

    params_type = TFNParams

    def __init__(self, params: TFNParams, sizes: Sizes) -> None:
        super().__init__()
        d_v, d_t, d_f = params.image_width, params.text_width, params.fusion_width
        self.image_subnet = ImageSubnet(params, sizes.pooled_dim)
        self.lstm = nn.LSTM(sizes.word_dim, d_t, batch_first=True)
        self.text_layers = nn.Sequential(nn.Dropout(params.dropout), nn.Linear(d_t, d_t))
        self.inference = nn.Sequential(
            nn.Dropout(params.dropout),
            nn.Linear((d_v + 1) * (d_t + 1), d_f),
            nn.ReLU(),
            nn.Linear(d_f, d_f),
            nn.ReLU(),
            nn.Linear(d_f, sizes.classes),
        )

    def forward(
        self, pooled: Tensor, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None
    ) -> Output:
        z_v = self.image_subnet(pooled)  # (B, d_v)
        z_t = self.text_layers(last_state(self.lstm, words, word_mask, lengths))  # (B, d_t)
        return Output(self.inference(tensor_fusion(z_t, z_v).flatten(1)))


def tensor_fusion(z_t: Tensor, z_v: Tensor) -> Tensor:
    """[z_t; 1] times [z_v; 1] as an outer product, (B, d_t) and (B, d_v) -> (B, d_t+1, d_v+1)."""
    z_t, z_v = (F.pad(z, (0, 1), value=1.0) for z in (z_t, z_v))
    return torch.einsum("bi,bj->bij", z_t, z_v)
