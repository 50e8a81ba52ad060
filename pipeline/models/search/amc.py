"""AMC: correlates a query with images through their visual features and their keywords.

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
from pipeline.models.search.networks import LAN, MTN, VAN, GRUQuery, LSTMQuery, MeanQuery
from pipeline.params.base import Count, Section
from pipeline.params.search import NetworkParams, QueryParams

TOWERS = {"amc": ("amc",), "van": ("van",), "lan": ("lan",), "late_fusion": ("van", "lan")}


class AMCConfig(Section):
    """Everything needed to rebuild the model; saved beside its weights as config.json.

    vocabulary: the keywords, by index. encoders: feature file -> sha256 of its fingerprint.
    """

    visual: str
    visual_dim: Count
    word_dim: Count
    vocabulary: list[str]
    encoders: dict[str, str]
    query: QueryParams
    network: NetworkParams


@dataclass(frozen=True)
class Images:
    """Features of I images; a mask that is all false means that the modality is missing."""

    visual: Tensor  # (I, R, D_v)
    visual_mask: Tensor  # (I, R) bool
    keywords: Tensor  # (I, n) indices into the vocabulary
    keyword_mask: Tensor  # (I, n) bool


@dataclass(frozen=True)
class Encoded:
    """Query-independent encodings of I images, computed once for all queries."""

    v: Tensor | None  # (I, R, d)
    visual_mask: Tensor  # (I, R)
    k: Tensor | None  # (V, d)
    keywords: Tensor  # (I, n)
    keyword_mask: Tensor  # (I, n)

    def rows(self, chosen: slice | Tensor) -> "Encoded":
        """A selection of the images."""
        return Encoded(
            None if self.v is None else self.v[chosen],
            self.visual_mask[chosen],
            self.k,
            self.keywords[chosen],
            self.keyword_mask[chosen],
        )


@dataclass(frozen=True)
class Correlation:
    """Scores of B queries and I images, with modality weights and attention."""

    scores: Tensor  # (B, I), cosines
    weights: Tensor  # (B, I, 2): [p_v, p_k]
    M: Tensor | None  # (B, I, R): attention over regions
    p: Tensor | None  # (B, I, n): attention over keywords


class Tower(nn.Module):
    """One network over both modalities or a single one."""

    def __init__(self, config: AMCConfig, modalities: str, vectors: Tensor) -> None:
        super().__init__()
        query, network = config.query, config.network
        self.query: MeanQuery | GRUQuery | LSTMQuery
        if query.encoder == "gru":
            self.query = GRUQuery(config.word_dim, query.width)
        elif query.encoder == "lstm":
            self.query = LSTMQuery(config.word_dim, query.width)
        else:
            self.query = MeanQuery(config.word_dim)
        D_q, d, activation = self.query.width, network.width, network.activation
        self.van = self.lan = None
        if modalities != "lan":
            self.van = VAN(D_q, config.visual_dim, d, activation, network.pool)
        if modalities != "van":
            self.lan = LAN(D_q, vectors, d)
        self.mtn = MTN(D_q, d, activation, network.unit)

    def encode(self, images: Images) -> Encoded:
        v = self.van.project(images.visual) if self.van else None
        k = self.lan.project() if self.lan else None
        return Encoded(v, images.visual_mask, k, images.keywords, images.keyword_mask)

    def forward(
        self, words: Tensor, word_mask: Tensor, images: Encoded, lengths: Tensor | None = None
    ) -> Correlation:
        """Correlate queries (B, L, D_w) with images."""
        q = self.query(words, word_mask, lengths)  # (B, D_q)
        v_q = k_q = q.new_zeros(1).expand(len(q), len(images.keywords), self.mtn.width)
        M, p = None, None
        has_visual = has_keywords = torch.zeros_like(images.keyword_mask[:, 0])  # (I,)
        if self.van is not None and images.v is not None:
            v_q, M = self.van(q, images.v, images.visual_mask)
            has_visual = images.visual_mask.any(1)
        if self.lan is not None and images.k is not None:
            k_q, p = self.lan(q, images.k, images.keywords, images.keyword_mask)
            has_keywords = images.keyword_mask.any(1)
        scores, weights = self.mtn(q, v_q, k_q, torch.stack([has_visual, has_keywords], 1))
        return Correlation(scores, weights, M, p)


class AMC(nn.Module):
    """The whole network, or the ablation that `config.network.modalities` names."""

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

    def encode(self, images: Images) -> list[Encoded]:
        """The images' encodings, by tower."""
        return [tower.encode(images) for tower in self._towers]

    def forward(
        self,
        words: Tensor,
        word_mask: Tensor,
        images: list[Encoded],
        lengths: Tensor | None = None,
    ) -> list[Correlation]:
        """Each tower's correlation of queries with encoded images.

        words: (B, L, D_w) word vectors, padded at the end. word_mask: (B, L) bool; every query has
        at least one word. lengths: (B,) words of each query, on the host, so that a GPU is not
        waited for.
        """
        return [
            tower(words, word_mask, encoded, lengths)
            for tower, encoded in zip(self._towers, images, strict=True)
        ]

    def save_pretrained(self, folder: Path) -> None:
        """Write model.safetensors and config.json."""
        save_model(folder, self, self.config)

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """The model that `save_pretrained` wrote, in evaluation mode on the CPU.

        Raises:
            UserError: a file is missing or damaged.
        """
        return load_model(folder, AMCConfig, cls)


def joined(parts: list[list[Encoded]]) -> list[Encoded]:
    """Concatenate encodings of image batches, by tower."""
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
    """One correlation of all towers: for late fusion, the mean of their scores.

    A tower whose modality is missing is left out of the mean and gets weight zero.
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
