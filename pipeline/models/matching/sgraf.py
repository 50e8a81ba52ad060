"""Similarity graph reasoning and attention filtration (Diao et al., AAAI 2021, arXiv 2101.01368).

An image and a text are compared as wholes, and each word with its context in the image; every
comparison is a vector, not a number. SGR passes messages among these vectors, SAF weighs them.

Adapted: batch normalisation of regions goes over the channels of the regions there are, where the
authors' goes over 36 regions and needs all of them; SAF's goes over a whole batch of pairs at once.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.core.device import on_device
from pipeline.models.layers import masked_mean, masked_softmax
from pipeline.models.matching.attention import in_blocks, word_contexts
from pipeline.models.matching.encoding import (
    Encoded,
    MaskedBatchNorm,
    MatchingConfig,
    WordStates,
    project_regions,
    xavier_,
)
from pipeline.params.matching import ModelParams


class SelfAttention(nn.Module):
    """A set's vector: the sum of its members, weighted by their similarity to their mean."""

    def __init__(self, width: int, params: ModelParams, normalise: bool) -> None:
        super().__init__()
        self.member, self.mean = nn.Linear(width, width), nn.Linear(width, width)
        self.member_norm = MaskedBatchNorm(width) if normalise else None
        self.mean_norm = MaskedBatchNorm(width) if normalise else None
        self.common = nn.Linear(width, 1)
        self.dropout = nn.Dropout(params.dropout)
        if params.attention_start == "xavier":
            for layer in (self.member, self.mean, self.common):
                xavier_(layer)

    def forward(self, members: Tensor, mask: Tensor, host: Tensor) -> Tensor:
        """(B, M, d) and (B, M), also on the host -> unit vectors (B, d)."""
        mean = self.mean(masked_mean(members, mask)).unsqueeze(1)  # (B, 1, d)
        each = self.member(members)  # (B, M, d)
        if self.member_norm is not None and self.mean_norm is not None:
            each, mean = self.member_norm(each, host), self.mean_norm(mean, host.any(1, True))
        each, mean = self.dropout(each.tanh()), self.dropout(mean.tanh())
        weights = masked_softmax(self.common(each * mean).squeeze(-1), mask)  # (B, M)
        return F.normalize((weights.unsqueeze(1) @ members).squeeze(1), dim=-1)


class GraphReasoning(nn.Module):
    """SGR: message passing among the comparisons on a full graph; returns the wholes' node."""

    def __init__(self, width: int, steps: int) -> None:
        super().__init__()
        self.steps = nn.ModuleList(GraphStep(width) for _ in range(steps))

    def forward(self, nodes: Tensor, mask: Tensor, host: Tensor) -> Tensor:
        """(P, M, s) and (P, M), also on the host -> (P, s)."""
        *before, last = self.steps
        for step in before:
            nodes = step(nodes, nodes, mask)
        # Only the first node of the last step is needed.
        kept: Tensor = last(nodes[:, :1], nodes, mask)
        return kept.squeeze(1)


class GraphStep(nn.Module):
    """X' = ReLU(W softmax((X W_q)(X W_k)^T) X), Eq. 8 and 9 of the paper."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.graph = (xavier_(nn.Linear(width, width)) for _ in range(2))
        # A bias of the keys would shift all scores of a query alike, which softmax ignores.
        self.key = nn.Linear(width, width, bias=False)
        nn.init.xavier_uniform_(self.key.weight)

    def forward(self, queries: Tensor, nodes: Tensor, mask: Tensor) -> Tensor:
        """(P, N, s) and (P, M, s) -> (P, N, s)."""
        # (x W_q + b_q)(y W_k)^T = (x W_q W_k^T + b_q W_k^T) y^T: one product with the nodes
        # in place of two.
        both = self.key.weight.T @ self.query.weight  # (s, s)
        bias = self.query.bias @ self.key.weight  # (s,)
        edges = F.linear(queries, both, bias) @ nodes.transpose(1, 2)  # (P, N, M)
        return F.relu(self.graph(masked_softmax(edges, mask.unsqueeze(1)) @ nodes))


class AttentionFiltration(nn.Module):
    """SAF: a weighted mean of the comparisons, Eq. 10 and 11 of the paper."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weigh = xavier_(nn.Linear(width, 1))
        self.norm = MaskedBatchNorm(1)

    def forward(self, nodes: Tensor, mask: Tensor, host: Tensor) -> Tensor:
        """(P, M, s) and (P, M), also on the host -> unit vectors (P, s)."""
        gates = self.norm(self.weigh(nodes), host).squeeze(-1).sigmoid() * mask  # (P, M)
        weights = F.normalize(gates, p=1, dim=-1)
        return F.normalize((weights.unsqueeze(1) @ nodes).squeeze(1), dim=-1)


class SimilarityVectors(nn.Module):
    """The base of SGR and SAF: comparisons of an image and a text, as vectors."""

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__()
        params = config.model
        width, dropout, self.smooth = params.width, params.dropout, params.smooth
        self.fc = xavier_(nn.Linear(config.region_width, width))
        self.words = WordStates(config.vocabulary, config.word_width, width, dropout)
        self.image_attention = SelfAttention(width, params, normalise=True)
        self.text_attention = SelfAttention(width, params, normalise=False)
        self.local = xavier_(nn.Linear(width, params.similarity_width))
        self.whole = xavier_(nn.Linear(width, params.similarity_width))
        self.score = xavier_(nn.Linear(params.similarity_width, 1))

    def encode_images(self, regions: Tensor, mask: Tensor) -> Encoded:
        """Regions (B, K, D_r), and their mask (B, K) on the host -> `parts` (B, K, d), `whole`
        (B, d)."""
        there = on_device(mask, regions.device)
        parts = project_regions(self.fc, regions, there)
        return Encoded(there, mask, self.image_attention(parts, there, mask), parts)

    def encode_texts(self, words: Tensor, mask: Tensor) -> Encoded:
        """Words (B, L) or (B, L, D_w), and their mask (B, L) on the host -> `parts` (B, L, d),
        `whole` (B, d)."""
        parts = F.normalize(self.words(words, mask), dim=-1)
        there = on_device(mask, parts.device)
        return Encoded(there, mask, self.text_attention(parts, there, mask), parts)

    def compare(self, images: Encoded, texts: Encoded) -> Tensor:
        """The comparison of the wholes, then those of the words; (I, T, 1 + L, s)."""
        contexts = F.normalize(word_contexts(images, texts, self.smooth), dim=-1)  # (I, T, L, d)
        local = F.normalize(self.local((contexts - texts.members).square()), dim=-1)
        difference = (images.summary.unsqueeze(1) - texts.summary).square()  # (I, T, d)
        whole = F.normalize(self.whole(difference), dim=-1).unsqueeze(2)  # (I, T, 1, s)
        return torch.cat([whole, local], dim=2)

    def scores(self, reason: nn.Module, nodes: Tensor, texts: Encoded) -> Tensor:
        """Reduce comparisons (I, T, 1 + L, s) by a module, to scores from 0 to 1, (I, T)."""
        masks = [
            F.pad(mask, (1, 0), value=True).expand(nodes.shape[:3]).flatten(0, 1)
            for mask in (texts.mask, texts.host)
        ]  # (I T, 1 + L)
        reasoned = reason(nodes.flatten(0, 1), *masks)  # (I T, s)
        scores: Tensor = self.score(reasoned).sigmoid()
        return scores.view(nodes.shape[:2])


class SGR(SimilarityVectors):
    """Similarity by graph reasoning."""

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__(config)
        self.reason = GraphReasoning(config.model.similarity_width, config.model.graph_steps)

    def similarity(self, images: Encoded, texts: Encoded) -> Tensor:
        """(I, T), from 0 to 1."""
        return in_blocks(self._block, images, texts)

    def _block(self, images: Encoded, texts: Encoded) -> Tensor:
        return self.scores(self.reason, self.compare(images, texts), texts)


class SAF(SimilarityVectors):
    """Similarity by attention filtration."""

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__(config)
        self.reason = AttentionFiltration(config.model.similarity_width)

    def similarity(self, images: Encoded, texts: Encoded) -> Tensor:
        """(I, T), from 0 to 1."""
        length = texts.mask.shape[1]

        def padded(images: Encoded, texts: Encoded) -> Tensor:
            nodes = self.compare(images, texts)
            return F.pad(nodes, (0, 0, 0, length - texts.mask.shape[1]))  # (I, T, 1 + L, s)

        # Its batch normalisation is over all pairs, so only the comparisons are made in blocks.
        return self.scores(self.reason, in_blocks(padded, images, texts), texts)
