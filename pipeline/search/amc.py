"""AMC: a query correlated with pictures through what is seen and what is told of them.

Chen et al., Attention guided Multi-modal Correlation Learning for Image Search (CVPR 2017). Its
ablations are the same network with one modality (VAN, LAN), and two such networks side by side
whose scores are averaged (late fusion).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from pipeline.models.saved import load_model, save_model
from pipeline.params import Count, Section
from pipeline.search.networks import LAN, MTN, VAN, GRUQuery, MeanQuery
from pipeline.search.params import NetworkParams, QueryParams

TOWERS = {"amc": ("amc",), "van": ("van",), "lan": ("lan",), "late_fusion": ("van", "lan")}


class AMCConfig(Section):
    """Everything needed to build the model again; saved beside its weights as config.json.

    vocabulary: the keywords, by number. encoders: feature file -> sha256 of its fingerprint.
    """

    visual: str
    visual_dim: Count
    word_dim: Count
    vocabulary: list[str]
    encoders: dict[str, str]
    query: QueryParams
    network: NetworkParams


@dataclass(frozen=True)
class Pictures:
    """I pictures as features have them. A mask that is all false: there is no such modality."""

    visual: Tensor  # (I, R, D_v)
    visual_mask: Tensor  # (I, R) bool
    keywords: Tensor  # (I, n) numbers in the vocabulary
    keyword_mask: Tensor  # (I, n) bool


@dataclass(frozen=True)
class Encoded:
    """What of I pictures no query changes: computed once, searched often."""

    v: Tensor | None  # (I, R, d)
    visual_mask: Tensor  # (I, R)
    k: Tensor | None  # (V, d)
    keywords: Tensor  # (I, n)
    keyword_mask: Tensor  # (I, n)

    def rows(self, chosen: slice | Tensor) -> "Encoded":
        """Some of the pictures."""
        return Encoded(
            None if self.v is None else self.v[chosen],
            self.visual_mask[chosen],
            self.k,
            self.keywords[chosen],
            self.keyword_mask[chosen],
        )


@dataclass(frozen=True)
class Correlation:
    """How B queries and I pictures correlate, and what made it so."""

    scores: Tensor  # (B, I), cosines
    weights: Tensor  # (B, I, 2): [p_v, p_k]
    M: Tensor | None  # (B, I, R): where in the picture
    p: Tensor | None  # (B, I, n): which keywords


class Tower(nn.Module):
    """One correlation: of both modalities, or of one."""

    def __init__(self, config: AMCConfig, modalities: str, vectors: Tensor) -> None:
        super().__init__()
        query, network = config.query, config.network
        self.query: MeanQuery | GRUQuery
        if query.encoder == "gru":
            self.query = GRUQuery(config.word_dim, query.width)
        else:
            self.query = MeanQuery(config.word_dim)
        D_q, d, activation = self.query.width, network.width, network.activation
        seen, told = modalities != "lan", modalities != "van"
        self.van = VAN(D_q, config.visual_dim, d, activation, network.pool) if seen else None
        self.lan = LAN(D_q, vectors, d) if told else None
        self.mtn = MTN(D_q, d, activation, network.unit)

    def encode(self, pictures: Pictures) -> Encoded:
        v = self.van.project(pictures.visual) if self.van else None
        k = self.lan.project() if self.lan else None
        return Encoded(v, pictures.visual_mask, k, pictures.keywords, pictures.keyword_mask)

    def forward(self, words: Tensor, word_mask: Tensor, pictures: Encoded) -> Correlation:
        """Correlate queries (B, L, D_w) with pictures."""
        q = self.query(words, word_mask)  # (B, D_q)
        v_q, M, seen = self._see(q, pictures)
        k_q, p, told = self._read(q, pictures)
        scores, weights = self.mtn(q, v_q, k_q, torch.stack([seen, told], 1))
        return Correlation(scores, weights, M, p)

    def _see(self, q: Tensor, pictures: Encoded) -> tuple[Tensor, Tensor | None, Tensor]:
        """v^q (B, I, d), M, and whether a picture has regions (I,)."""
        if self.van is None or pictures.v is None:
            return self._nothing(q, pictures)
        v_q, M = self.van(q, pictures.v, pictures.visual_mask)
        return v_q, M, pictures.visual_mask.any(1)

    def _read(self, q: Tensor, pictures: Encoded) -> tuple[Tensor, Tensor | None, Tensor]:
        """k^q (B, I, d), p(K|q), and whether a picture has keywords (I,)."""
        if self.lan is None or pictures.k is None:
            return self._nothing(q, pictures)
        k_q, p = self.lan(q, pictures.k, pictures.keywords, pictures.keyword_mask)
        return k_q, p, pictures.keyword_mask.any(1)

    def _nothing(self, q: Tensor, pictures: Encoded) -> tuple[Tensor, None, Tensor]:
        shape = (len(q), len(pictures.keywords), self.mtn.width)
        return q.new_zeros(1).expand(shape), None, torch.zeros_like(pictures.keyword_mask[:, 0])


class AMC(nn.Module):
    """The network whole, or what `config.network.modalities` leaves of it."""

    def __init__(self, config: AMCConfig, vectors: Tensor | None = None) -> None:
        """vectors: (V, d_k) of the vocabulary; zeros where weights are loaded afterwards."""
        super().__init__()
        self.config = config
        if vectors is None:
            vectors = torch.zeros(len(config.vocabulary), config.word_dim)
        names = TOWERS[config.network.modalities]
        self.towers = nn.ModuleList(Tower(config, name, vectors) for name in names)

    def standardize(self, mean: Tensor, spread: Tensor) -> None:
        """Bring visual features of this mean and standard deviation (D_v,) to 0 and 1; a channel
        that never changes is only moved."""
        for tower in self._towers:
            if tower.van:
                tower.van.mean.copy_(mean)
                tower.van.spread.copy_(torch.where(spread > 0, spread, 1.0))

    @property
    def _towers(self) -> list[Tower]:
        return [tower for tower in self.towers if isinstance(tower, Tower)]

    def encode(self, pictures: Pictures) -> list[Encoded]:
        """What of the pictures no query changes, by tower."""
        return [tower.encode(pictures) for tower in self._towers]

    def forward(
        self, words: Tensor, word_mask: Tensor, pictures: list[Encoded]
    ) -> list[Correlation]:
        """Each tower's correlation of queries with encoded pictures.

        Args:
            words: (B, L, D_w) word vectors, padded at the end.
            word_mask: (B, L) bool; every query has at least one word.
        """
        return [
            tower(words, word_mask, encoded)
            for tower, encoded in zip(self._towers, pictures, strict=True)
        ]

    def save_pretrained(self, folder: Path) -> None:
        """Write model.safetensors and config.json."""
        save_model(folder, self, self.config)

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """Build the model that `save_pretrained` wrote, in evaluation mode.

        Raises:
            UserError: a file is missing or damaged.
        """
        return load_model(folder, AMCConfig, cls)


def joined(parts: list[list[Encoded]]) -> list[Encoded]:
    """Pictures that were encoded in parts, by tower, as one."""
    return [_concatenated(of_tower) for of_tower in zip(*parts, strict=True)]


def _concatenated(parts: tuple[Encoded, ...]) -> Encoded:
    v = [part.v for part in parts if part.v is not None]
    return Encoded(
        torch.cat(v) if v else None,
        torch.cat([part.visual_mask for part in parts]),
        parts[0].k,
        torch.cat([part.keywords for part in parts]),
        torch.cat([part.keyword_mask for part in parts]),
    )


def fused(parts: list[Correlation]) -> Correlation:
    """One correlation of all towers: of late fusion, the mean of the scores that it has.

    A tower without its modality has no say; its weight of that modality is zero.
    """
    if len(parts) == 1:
        return parts[0]
    present = torch.stack([part.weights.sum(-1) > 0 for part in parts])  # (2, B, I)
    scores = torch.stack([part.scores for part in parts])  # (2, B, I)
    count = present.sum(0)  # (B, I)
    mean = (scores * present).sum(0) / count.clamp(min=1)
    weights = sum(part.weights for part in parts) / count.clamp(min=1).unsqueeze(-1)
    (M,) = (part.M for part in parts if part.M is not None)
    (p,) = (part.p for part in parts if part.p is not None)
    return Correlation(mean.masked_fill(count == 0, -1), weights, M, p)
