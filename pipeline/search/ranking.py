"""Scores of many queries for many pictures, part by part."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from pipeline.search.amc import AMC, Correlation, Pictures, fused, joined
from pipeline.search.data import PictureFeatures, QueryWords, Rows, SearchFeatures
from pipeline.search.metrics import Ranking
from pipeline.search.params import JudgingParams

Scores = npt.NDArray[np.float32]

_PICTURES_AT_ONCE = 500
_QUERIES_AT_ONCE = 50


class Index:
    """Pictures, encoded once for all queries.

    pictures: (I,) rows of the features they come from, in the order of all scores.
    """

    @torch.inference_mode()
    def __init__(self, model: AMC, features: PictureFeatures, pictures: Rows) -> None:
        """Encode some pictures with a model, which is left in evaluation mode."""
        self._model = model.eval()
        self.pictures = pictures
        parts = [
            model.encode(pictures_to(features.gather(part), model))
            for part in np.split(
                pictures, range(_PICTURES_AT_ONCE, len(pictures), _PICTURES_AT_ONCE)
            )
        ]
        self._encoded = joined(parts)

    @torch.inference_mode()
    def correlate(
        self, words: Tensor, word_mask: Tensor, chosen: slice | Tensor = slice(None)
    ) -> Correlation:
        """Queries (B, L, D_w) with the pictures of the index, or some of them."""
        device = next(self._model.parameters()).device
        encoded = [each.rows(chosen) for each in self._encoded]
        return fused(self._model(words.to(device), word_mask.to(device), encoded))

    def scores(self, words: QueryWords, queries: Rows) -> Scores:
        """Scores of queries for all pictures (Q, I)."""
        found = np.zeros((len(queries), len(self.pictures)), np.float32)
        for q in range(0, len(queries), _QUERIES_AT_ONCE):
            asked = words.gather(queries[q : q + _QUERIES_AT_ONCE])
            for i in range(0, len(self.pictures), _PICTURES_AT_ONCE):
                part = slice(i, i + _PICTURES_AT_ONCE)
                scores = self.correlate(*asked, part).scores
                found[q : q + _QUERIES_AT_ONCE, part] = scores.cpu().numpy()
        return found


def pictures_to(pictures: Pictures, model: AMC) -> Pictures:
    """The same pictures where the model is."""
    device = next(model.parameters()).device
    return Pictures(**{name: value.to(device) for name, value in vars(pictures).items()})


def rank_split(
    model: AMC, features: SearchFeatures, split: str, params: JudgingParams
) -> tuple[Rows, Ranking]:
    """Rank the pictures of a split for each of its queries: the queries, and their ranking.

    A query's candidates are all pictures of the split, or those of its own lines.
    """
    lines = features.split(split)
    queries: Rows = np.array(lines["query"].unique())
    index = Index(model, features.pictures, np.sort(lines["picture"].unique()))
    if params.candidates == "all":
        return queries, _rank_all(index, features.words, lines, queries, params.gain)
    return queries, _rank_listed(index, features.words, lines, queries, params.gain)


def keyword_weights(
    found: Correlation, place: int, keywords: Rows, vocabulary: Sequence[str]
) -> dict[str, float]:
    """What the first query pays each keyword of the picture at a place of an index; a word that is
    there twice gets the sum."""
    weights: dict[str, float] = {}
    if found.p is not None:
        for i, share in zip(keywords.tolist(), found.p[0, place].tolist(), strict=False):
            weights[vocabulary[i]] = weights.get(vocabulary[i], 0.0) + share
    return weights


def _rank_all(
    index: Index, words: QueryWords, lines: pd.DataFrame, queries: Rows, gain: str
) -> Ranking:
    scores = index.scores(words, queries)
    row = pd.Index(queries).get_indexer(pd.Index(lines["query"]))
    column = np.searchsorted(index.pictures, lines["picture"])
    gains = np.zeros(scores.shape, np.float64)
    gains[row, column] = _gain(lines["clicks"].to_numpy(), gain)
    return Ranking(scores, gains, np.ones(scores.shape, np.bool_))


def _rank_listed(
    index: Index, words: QueryWords, lines: pd.DataFrame, queries: Rows, gain: str
) -> Ranking:
    """Like `_rank_all`, but column j is a query's j-th own picture."""
    groups = dict(iter(lines.groupby("query", sort=False)))
    shape = (len(queries), max(len(group) for group in groups.values()))
    found = Ranking(np.zeros(shape, np.float32), np.zeros(shape), np.zeros(shape, np.bool_))
    for row, query in enumerate(queries.tolist()):
        group = groups[query]
        own = torch.from_numpy(np.searchsorted(index.pictures, group["picture"]))
        scores = index.correlate(*words.gather(np.array([query])), own).scores
        found.scores[row, : len(own)] = scores[0].cpu().numpy()
        found.gain[row, : len(own)] = _gain(group["clicks"].to_numpy(), gain)
        found.candidate[row, : len(own)] = True
    return found


def _gain(clicks: npt.NDArray[np.int64], gain: str) -> npt.NDArray[np.float64]:
    """2^rel - 1: 1 for a clicked picture, or its clicks, as of rel = log2(1 + clicks)."""
    return np.asarray(clicks if gain == "clicks" else clicks > 0, np.float64)
