"""The networks of AMC: query encoders, visual and language intent attention, fusion of both.

Shapes: B queries, I pictures, R regions or cells of a picture, n keywords of a picture (padded), V
keywords in all, D_q and D_v widths of query and visual features, d_k of keyword vectors, d the
width of the common space. Every query meets every picture.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.layers import masked_mean, masked_softmax, recurrent_states

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "tanh": torch.tanh}


class MeanQuery(nn.Module):
    """The mean of a query's word vectors."""

    def __init__(self, word_dim: int) -> None:
        super().__init__()
        self.width = word_dim

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        return masked_mean(words, word_mask)  # (B, L, D_w) -> (B, D_q)


class GRUQuery(nn.Module):
    """The state of a GRU after a query's last word."""

    def __init__(self, word_dim: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.gru = nn.GRU(word_dim, width, batch_first=True)

    def forward(self, words: Tensor, word_mask: Tensor) -> Tensor:
        states = recurrent_states(self.gru, words, word_mask)  # (B, L, D_q)
        last = word_mask.sum(1) - 1  # (B,)
        return states[torch.arange(len(states), device=states.device), last]  # (B, D_q)


class VAN(nn.Module):
    """Visual intent attention: where in a picture the query looks.

    The features are standardised first, which the 1 x 1 convolution could do itself: so that the
    optimiser sees what tells regions apart instead of what all have in common.
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
        """v' of any cells (..., D_v) -> (..., d)."""
        projected: Tensor = self.conv((v - self.mean) / self.spread)
        return projected

    def forward(self, q: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Of q (B, D_q), v' (I, R, d) and mask (I, R): v^q (B, I, d) and the map M (B, I, R)."""
        s_q = self.activation(self.W_qs(q))  # (B, d)
        M = masked_softmax(torch.einsum("ird,bd->bir", v, s_q), mask)  # (B, I, R)
        v_q = torch.einsum("bir,ird->bid", M, v)  # (B, I, d)
        if self.pool == "mean":
            v_q = v_q / v.shape[1]
        return v_q, M


class LAN(nn.Module):
    """Language intent attention: which of a picture's keywords the query means."""

    vectors: Tensor

    def __init__(self, query_dim: int, vectors: Tensor, d: int) -> None:
        """vectors: (V, d_k) of all keywords, which stay as they are."""
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
    """Multi-modal tensor fusion: how much of a picture's answer is seen, how much is told."""

    def __init__(self, query_dim: int, d: int, activation: str, unit: bool) -> None:
        """unit: bring v^q and k^q to length 1, so that p_v and p_k are their shares of x^q."""
        super().__init__()
        self.W_m = nn.Linear(query_dim, d)
        self.W_m_prime = nn.Linear(query_dim, d)
        self.activation, self.unit = ACTIVATIONS[activation], unit

    def forward(self, q: Tensor, modal: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Score and share each picture.

        Args:
            q: (B, D_q).
            modal: (B, I, 2, d), v^q and k^q.
            present: (I, 2) bool, false where a picture has no such modality.

        Returns: cos(q^m, x^q) (B, I), which is -1 where nothing is present, and [p_v, p_k]
        (B, I, 2), zero for what is absent.
        """
        q_m = self.activation(self.W_m(q))  # (B, d)
        q_prime = self.activation(self.W_m_prime(q))  # (B, d)
        c = F.cosine_similarity(q_prime[:, None, None], modal, dim=-1)  # (B, I, 2)
        p = masked_softmax(c, present)  # (B, I, 2)
        if self.unit:
            modal = F.normalize(modal, dim=-1)
        x_q = (p.unsqueeze(-1) * modal).sum(2)  # (B, I, d)
        score = F.cosine_similarity(q_m.unsqueeze(1), x_q, dim=-1)  # (B, I)
        return score.masked_fill(~present.any(-1), -1), p
