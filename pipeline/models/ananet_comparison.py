"""AnANet's interactive attention and pair-wise comparison; see pipeline.models.ananet.

Shapes: ... pairs, K regions, L words, d = `model.hidden`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.models.layers import masked_softmax, reconstruction_cosine, safe_sqrt
from pipeline.params.project import AlignmentParams


@dataclass(frozen=True)
class Compared:
    """Cosines of items with their reconstructions, 0 for missing items, and the attention used."""

    A_t2v: Tensor  # (..., K, L): for each region, its weights over the words
    A_v2t: Tensor  # (..., L, K): for each word, its weights over the regions
    v_bar: Tensor  # (..., K)
    t_bar: Tensor  # (..., L)


class Comparison:
    """Eq. 9 to 16 for pairs, or for every image with every text; has no weights."""

    def __init__(self, params: AlignmentParams, d: int) -> None:
        self.params, self.d = params, d

    def __call__(self, V: Tensor, region_mask: Tensor, T: Tensor, word_mask: Tensor) -> Compared:
        """Compare each image with its text.

        Args:
            V: (B, K, d). region_mask: (B, K). T: (B, L, d). word_mask: (B, L).
        """
        return self._compare(V @ T.transpose(1, 2), V, region_mask, T, word_mask)

    def all_pairs(self, V: Tensor, region_mask: Tensor, T: Tensor, word_mask: Tensor) -> Compared:
        """Compare every image with every text; results begin with the axes (I, T).

        Args:
            V: (I, K, d). region_mask: (I, K). T: (T, L, d). word_mask: (T, L).
        """
        VT = torch.einsum("ikd,tld->itkl", V, T)
        V, region_mask = V.unsqueeze(1), region_mask.unsqueeze(1)
        return self._compare(VT, V, region_mask, T.unsqueeze(0), word_mask.unsqueeze(0))

    def _compare(
        self, VT: Tensor, V: Tensor, region_mask: Tensor, T: Tensor, word_mask: Tensor
    ) -> Compared:
        VV, TT = V @ V.transpose(-1, -2), T @ T.transpose(-1, -2)  # (..., K, K), (..., L, L)
        V_squares, T_squares = (x.diagonal(0, -1, -2) for x in (VV, TT))  # (..., K), (..., L)
        s = self.scores(VT, V_squares, T_squares)  # (..., K, L)
        A_t2v = self.attention(s, region_mask, word_mask)  # (..., K, L), Eq. 9
        A_v2t = self.attention(s.transpose(-1, -2), word_mask, region_mask)  # (..., L, K), Eq. 10
        # Eq. 13 and 15, then Eq. 14 and 16, without making V_hat and T_hat.
        v_bar = reconstruction_cosine(A_t2v, VT, V_squares, TT)  # (..., K)
        t_bar = reconstruction_cosine(A_v2t, VT.transpose(-1, -2), T_squares, VV)  # (..., L)
        v_bar, t_bar = v_bar.masked_fill(~region_mask, 0), t_bar.masked_fill(~word_mask, 0)
        return Compared(A_t2v, A_v2t, v_bar, t_bar)

    def scores(self, products: Tensor, V_squares: Tensor, T_squares: Tensor) -> Tensor:
        """s_ij of Eq. 12 from V T^T (..., K, L) and the squares of V (..., K) and T (..., L)."""
        s = products / self.params.temperature
        if self.params.scale == "sqrt_d":
            s = s / self.d**0.5
        if self.params.scale == "cosine":
            s = s / (safe_sqrt(V_squares).unsqueeze(-1) * safe_sqrt(T_squares).unsqueeze(-2))
        return s

    def attention(self, s: Tensor, H_mask: Tensor, Q_mask: Tensor) -> Tensor:
        """Att(H, Q) of Eq. 11 from its scores (..., L, M), with masks (..., L) and (..., M)."""
        valid = H_mask.unsqueeze(-1) & Q_mask.unsqueeze(-2)  # (..., L, M)
        if self.params.softmax_axis == "last":
            return masked_softmax(s, valid)
        return masked_softmax(s.transpose(-1, -2), valid.transpose(-1, -2)).transpose(-1, -2)
