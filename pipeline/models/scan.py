"""SCAN, Stacked Cross Attention (Lee et al., ECCV 2018, arXiv 1803.08024), as a classifier.

Every word is compared with its attention-weighted regions, and every region with its
attention-weighted words. Before the softmax, scores are normalised over the queries, so that a
region does not serve every word equally.

Adapted: no ranking, so no triplet loss: the similarities of both directions, and their pooled
values as in the paper, go to a linear layer with cross-entropy. Words are cached
vectors. The temperatures are those published for Flickr30K.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.classifier import Baseline, Output, Sizes
from pipeline.models.layers import (
    masked_mean,
    masked_softmax,
    merge_directions,
    reconstruction_cosine,
    recurrent_states,
    zero_classifier,
)
from pipeline.params.base import Count, Positive, Section


class SCANParams(Section):
    """The temperatures of the softmaxes and of the LogSumExp poolings, for each direction."""

    width: Count  # d
    smooth_words: Positive
    smooth_regions: Positive
    pool_words: Positive
    pool_regions: Positive


class SCAN(Baseline):
    """Cross attention in both directions over one space for words and regions."""

    params_type = SCANParams

    def __init__(self, params: SCANParams, sizes: Sizes) -> None:
        super().__init__()
        self.params, self.max_words = params, sizes.max_words
        self.project = nn.Linear(sizes.region_dim, params.width)
        self.bigru = nn.GRU(sizes.word_dim, params.width, batch_first=True, bidirectional=True)
        self.classifier = zero_classifier(sizes.max_words + sizes.regions + 4, sizes.classes)

    def forward(
        self,
        regions: Tensor,
        region_mask: Tensor,
        words: Tensor,
        word_mask: Tensor,
        lengths: Tensor | None = None,
    ) -> Output:
        params = self.params
        v = F.normalize(self.project(regions), dim=-1)  # (B, K, d)
        states = recurrent_states(self.bigru, words, word_mask, lengths)  # (B, L, 2 d)
        e = F.normalize(merge_directions(states, "mean"), dim=-1)  # (B, L, d)
        r_e = relevance(e, word_mask, v, region_mask, params.smooth_words)  # (B, L)
        r_v = relevance(v, region_mask, e, word_mask, params.smooth_regions)  # (B, K)
        pooled = (
            log_sum_exp(r_e, word_mask, params.pool_words),
            masked_mean(r_e.unsqueeze(-1), word_mask).squeeze(-1),
            log_sum_exp(r_v, region_mask, params.pool_regions),
            masked_mean(r_v.unsqueeze(-1), region_mask).squeeze(-1),
        )  # (B,) each
        r_e = F.pad(r_e, (0, self.max_words - r_e.shape[1]))  # (B, N)
        return Output(self.classifier(torch.cat([r_e, r_v, torch.stack(pooled, 1)], dim=-1)))


def relevance(
    query: Tensor, query_mask: Tensor, source: Tensor, source_mask: Tensor, smooth: float
) -> Tensor:
    """Cosine of each query item with its attention-weighted source, zero for padding.

    query (B, M, d), source (B, S, d) -> (B, M).
    """
    products = query @ source.transpose(1, 2)  # (B, M, S)
    weights = cross_attention(products, query_mask, source_mask, smooth)  # (B, M, S)
    gram = source @ source.transpose(1, 2)  # (B, S, S)
    cosines = reconstruction_cosine(weights, products, query.square().sum(-1), gram)  # (B, M)
    return cosines.masked_fill(~query_mask, 0)


def cross_attention(
    products: Tensor, query_mask: Tensor, source_mask: Tensor, smooth: float
) -> Tensor:
    """Attention weights over the source (B, M, S), from inner products (B, M, S): scores are
    normalised over the query items, then a softmax goes over the source."""
    scores = F.leaky_relu(products, 0.1)  # (B, M, S)
    valid = query_mask.unsqueeze(2) & source_mask.unsqueeze(1)  # (B, M, S)
    scores = F.normalize(scores.masked_fill(~valid, 0), dim=1)
    return masked_softmax(smooth * scores, valid)


def log_sum_exp(values: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """A smooth maximum of the valid entries, (B, M) -> (B,); zero if there is none."""
    scaled = (temperature * values).masked_fill(~mask, torch.finfo(values.dtype).min)
    return (scaled.logsumexp(1) / temperature).masked_fill(~mask.any(1), 0)
