"""Scores queries for images in parts, and ranks the images of a split."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from pipeline.core.device import on_device
from pipeline.features.batches import Rows
from pipeline.features.vectors import WordVectors
from pipeline.metrics.ranking import Ranking
from pipeline.models.search.amc import AMC, Correlation, Encoded, Images, fused, joined
from pipeline.params.search import EvaluateParams
from pipeline.search.data.data import ImageFeatures, SearchFeatures

Scores = npt.NDArray[np.float32]

_ENCODED_AT_ONCE = 500
_SCORED_AT_ONCE = 250
_QUERIES_AT_ONCE = 50


class Index:
    """Images, encoded once for all queries; scores have their order."""

    def __init__(self, model: AMC, encoded: list[Encoded]) -> None:
        """encoded: the images by tower of the model."""
        self._model, self._encoded = model.eval(), encoded

    @classmethod
    @torch.inference_mode()
    def of(cls, model: AMC, features: ImageFeatures, images: Rows) -> Self:
        """Encode the images in some rows."""
        cuts = range(_ENCODED_AT_ONCE, len(images), _ENCODED_AT_ONCE)
        parts = [
            model.encode(images_to(part, model)) for part in features.stream(np.split(images, cuts))
        ]
        return cls(model, joined(parts))

    def __len__(self) -> int:
        return len(self._encoded[0].keywords)

    @torch.inference_mode()
    def correlate(
        self, words: Tensor, word_mask: Tensor, chosen: slice | Tensor = slice(None)
    ) -> Correlation:
        """Correlate queries (B, L, D_w) with all images of the index, or the chosen ones."""
        device = self._encoded[0].keywords.device
        encoded = [each.rows(chosen) for each in self._encoded]
        return fused(self._model(words.to(device), word_mask.to(device), encoded))

    def scores(self, words: Tensor, word_mask: Tensor) -> Scores:
        """Scores of queries (B, L, D_w) for all images (B, I)."""
        scores = np.zeros((len(words), len(self)), np.float32)
        # Attention reads an image's regions twice; in small parts, the second time from cache.
        for start in range(0, len(self), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            scores[:, part] = self.correlate(words, word_mask, part).scores.cpu().numpy()
        return scores

    def scores_of(self, words: WordVectors, queries: Rows) -> Scores:
        """Scores of some queries for all images (Q, I)."""
        cuts = range(_QUERIES_AT_ONCE, len(queries), _QUERIES_AT_ONCE)
        parts = [self.scores(*words.gather(part)) for part in np.split(queries, cuts)]
        return np.concatenate(parts)


def images_to(images: Images, model: AMC) -> Images:
    """The images on the model's device."""
    device = next(model.parameters()).device
    return Images(**{name: on_device(value, device) for name, value in vars(images).items()})


def rank_split(
    model: AMC, features: SearchFeatures, split: str, params: EvaluateParams
) -> tuple[Rows, Ranking]:
    """The queries of a split, and the ranking of its images for each of them.

    The candidates of a query are all images of the split, or those of its lines.

    Raises:
        UserError: the split has no queries.
    """
    lines = features.split(split)
    queries: Rows = np.array(lines["query"].unique())
    images: Rows = np.sort(lines["image"].unique())
    index = Index.of(model, features.images, images)
    clicks = lines["clicks"]
    # 2^rel - 1 of NDCG: 1 for a clicked image, or its clicks, as of rel = log2(1 + clicks).
    gain = (clicks if params.gain == "clicks" else clicks > 0).astype(float)
    lines = lines.assign(place=np.searchsorted(images, lines["image"]), gain=gain)
    rank = _rank_all if params.candidates == "all" else _rank_listed
    return queries, rank(index, features.words, lines, queries)


def by_image(
    features: SearchFeatures, split: str, ranking: Ranking, params: EvaluateParams
) -> Ranking:
    """The other way round, of what `rank_split` returns: each image ranks the queries (P, Q).

    Its candidates are all queries of the split, or those of the lines that have the image.

    Raises:
        UserError: the split has no queries.
    """
    if params.candidates == "all":
        return Ranking(ranking.scores.T, ranking.gain.T, ranking.candidate.T)
    lines = features.split(split)
    images, column = np.unique(lines["image"], return_inverse=True)
    query, _ = pd.factorize(lines["query"])
    place = lines.groupby("query", sort=False).cumcount()
    shape = len(images), len(ranking.scores)
    found = Ranking(np.zeros(shape, np.float32), np.zeros(shape), np.zeros(shape, np.bool_))
    found.scores[column, query] = ranking.scores[query, place]
    found.gain[column, query] = ranking.gain[query, place]
    found.candidate[column, query] = True
    return found


def keyword_weights(
    correlation: Correlation, place: int, keywords: Rows, vocabulary: Sequence[str]
) -> dict[str, float]:
    """Attention of the first query on the keywords of an image, its `place` in the index; that of
    repeated keywords is summed."""
    weights: dict[str, float] = {}
    if correlation.p is not None:
        for i, share in zip(keywords.tolist(), correlation.p[0, place].tolist(), strict=False):
            weights[vocabulary[i]] = weights.get(vocabulary[i], 0.0) + share
    return weights


def _rank_all(index: Index, words: WordVectors, lines: pd.DataFrame, queries: Rows) -> Ranking:
    scores = index.scores_of(words, queries)
    gains = np.zeros(scores.shape, np.float64)
    row = pd.Index(queries).get_indexer(pd.Index(lines["query"]))
    gains[row, lines["place"]] = lines["gain"]
    return Ranking(scores, gains, np.ones(scores.shape, np.bool_))


def _rank_listed(index: Index, words: WordVectors, lines: pd.DataFrame, queries: Rows) -> Ranking:
    """Like `_rank_all`, but column j is the image of a query's j-th line."""
    groups = dict(iter(lines.groupby("query", sort=False)))
    shape = (len(queries), max(len(group) for group in groups.values()))
    ranking = Ranking(np.zeros(shape, np.float32), np.zeros(shape), np.zeros(shape, np.bool_))
    for row, query in enumerate(queries.tolist()):
        group = groups[query]
        images = torch.from_numpy(group["place"].to_numpy(np.int64, copy=True))
        scores = index.correlate(*words.gather(np.array([query])), images).scores
        ranking.scores[row, : len(group)] = scores[0].cpu().numpy()
        ranking.gain[row, : len(group)] = group["gain"]
        ranking.candidate[row, : len(group)] = True
    return ranking
