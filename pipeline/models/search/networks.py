"""The networks of AMC: query encoders, visual and language intent attention, fusion of both.

Shapes: B queries, I images, R regions or cells of an image, n keywords of an image (padded), V
keywords in all, D_q and D_v widths of query and visual features, d_k of keyword vectors, d the
width of the common space. Every query meets every image.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.layers import last_state, masked_mean, masked_softmax

# Shorter vectors count as zero.
_EPS = 1e-8

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "tanh": torch.tanh}


class MeanQuery(nn.Module):
    """The mean of a query's word vectors."""

    def __init__(self, word_dim: int) -> None:
        super().__init__()
        self.width = word_dim

    def forward(self, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None) -> Tensor:
        return masked_mean(words, word_mask)  # (B, L, D_w) -> (B, D_q)


class GRUQuery(nn.Module):
    """The state of a GRU after a query's last word."""

    def __init__(self, word_dim: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.gru = nn.GRU(word_dim, width, batch_first=True)

    def forward(self, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None) -> Tensor:
        return last_state(self.gru, words, word_mask, lengths)  # (B, L, D_w) -> (B, D_q)


class LSTMQuery(nn.Module):
    """The hidden state of an LSTM after a query's last word."""

    def __init__(self, word_dim: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.lstm = nn.LSTM(word_dim, width, batch_first=True)

    def forward(self, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None) -> Tensor:
        return last_state(self.lstm, words, word_mask, lengths)  # (B, L, D_w) -> (B, D_q)


class VAN(nn.Module):
    """Visual intent attention: the query's attention over regions.

    Features are standardised first, which removes what all regions share, so that the optimiser
    sees their differences.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, query_dim: int, visual_dim: int, d: int, activation: str, pool: str) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(visual_dim))
        self.register_buffer("spread", torch.ones(visual_dim))
        self.W_qs = nn.Linear(query_dim, d)
        self.conv = nn.Linear(visual_dim, d)  # 1 x 1
        self.activation, self.pool = ACTIVATIONS[activation], pool

    def project(self, v: Tensor) -> Tensor:
        """v' of regions or cells, (..., D_v) -> (..., d)."""
        # Standardisation is folded into the weights, which are fewer than the features.
        weight = self.conv.weight / self.spread
        return F.linear(v, weight, self.conv.bias - weight @ self.mean)

    def forward(self, q: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Of q (B, D_q), v' (I, R, d) and mask (I, R): v^q (B, I, d) and the map M (B, I, R)."""
        s_q = self.activation(self.W_qs(q))  # (B, d)
        M = masked_softmax(torch.einsum("ird,bd->bir", v, s_q), mask)  # (B, I, R)
        v_q = torch.einsum("bir,ird->bid", M, v)  # (B, I, d)
        if self.pool == "mean":
            v_q = v_q / v.shape[1]
        return v_q, M


class LAN(nn.Module):
    """Language intent attention: the query's attention over an image's keywords."""

    vectors: Tensor

    def __init__(self, query_dim: int, vectors: Tensor, d: int) -> None:
        """vectors: (V, d_k) of all keywords, which are not trained."""
        super().__init__()
        self.register_buffer("vectors", vectors)
        self.W_ql = nn.Linear(query_dim, d, bias=False)
        self.W_kl = nn.Linear(vectors.shape[1], d, bias=False)
        self.W_l = nn.Linear(d, d, bias=False)

    def project(self) -> Tensor:
        """K W_kl of all keywords (V, d)."""
        projected: Tensor = self.W_kl(self.vectors)
        return projected

    def forward(self, q: Tensor, k: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Of q (B, D_q), K W_kl (V, d), ids and mask (I, n): k^q (B, I, d) and p(K|q) (B, I, n)."""
        scores = self.W_l(self.W_ql(q)) @ k.T  # (B, V)
        p = masked_softmax(scores[:, ids], mask)  # (B, I, n)
        return torch.einsum("bin,ind->bid", p, k[ids]), p


class MTN(nn.Module):
    """Multi-modal tensor network: weighs an image's visual and keyword embeddings for a query.

    Scores need only inner products of q^m, q', v^q and k^q, so x^q, one vector per query and image,
    is never built.
    """

    def __init__(self, query_dim: int, d: int, activation: str, unit: bool) -> None:
        """unit: bring v^q and k^q to length 1, so that p_v and p_k are their shares of x^q."""
        super().__init__()
        self.width = d
        self.W_m = nn.Linear(query_dim, d)
        self.W_m_prime = nn.Linear(query_dim, d)
        self.activation, self.unit = ACTIVATIONS[activation], unit

    def forward(
        self, q: Tensor, v_q: Tensor, k_q: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score each image and weigh its modalities.

        q: (B, D_q). v_q, k_q: (B, I, d). present: (I, 2) bool, false where an image has no such
        modality. Returns cos(q^m, x^q) (B, I), which is -1 where nothing is present, and [p_v, p_k]
        (B, I, 2), zero for what is absent.
        """
        q_m = F.normalize(self.activation(self.W_m(q)), dim=-1)  # (B, d)
        q_prime = F.normalize(self.activation(self.W_m_prime(q)), dim=-1)  # (B, d)
        both = torch.stack([q_m, q_prime], 2)  # (B, d, 2)
        dots = torch.stack([v_q @ both, k_q @ both], 2)  # (B, I, 2 modalities, 2)
        length = torch.stack([v_q.norm(dim=-1), k_q.norm(dim=-1)], 2).clamp(min=_EPS)  # (B, I, 2)
        p = masked_softmax(dots[..., 1] / length, present)  # (B, I, 2), of [c_v, c_k]
        share = p / length if self.unit else p  # x^q = share_v v^q + share_k k^q
        norm = _fused_norm(share, length, (v_q * k_q).sum(-1))
        score = (share * dots[..., 0]).sum(-1) / norm
        return score.masked_fill(~present.any(-1), -1), p


def _fused_norm(share: Tensor, length: Tensor, products: Tensor) -> Tensor:
    """|x^q| (B, I) from both sides' shares and lengths (B, I, 2) and their products (B, I)."""
    cross = products * share.prod(-1)  # (B, I)
    x_square = (share * length).square().sum(-1) + 2 * cross  # (B, I)
    return x_square.clamp(min=_EPS**2).sqrt()
