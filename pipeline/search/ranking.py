"""Scores of many queries for many pictures, part by part."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from pipeline.search.amc import AMC, Correlation, Encoded, Pictures, fused, joined
from pipeline.search.data import PictureFeatures, QueryWords, Rows, SearchFeatures
from pipeline.search.metrics import Ranking
from pipeline.search.params import JudgingParams

Scores = npt.NDArray[np.float32]

_ENCODED_AT_ONCE = 500
_SCORED_AT_ONCE = 250
_QUERIES_AT_ONCE = 50


class Index:
    """Pictures, encoded once for all queries; their order is that of all scores."""

    def __init__(self, model: AMC, encoded: list[Encoded]) -> None:
        """encoded: by the model's towers."""
        self._model, self._encoded = model.eval(), encoded

    @classmethod
    @torch.inference_mode()
    def of(cls, model: AMC, features: PictureFeatures, pictures: Rows) -> Self:
        """Encode some pictures, by row."""
        cuts = range(_ENCODED_AT_ONCE, len(pictures), _ENCODED_AT_ONCE)
        parts = [
            model.encode(pictures_to(features.gather(part), model))
            for part in np.split(pictures, cuts)
        ]
        return cls(model, joined(parts))

    def __len__(self) -> int:
        return len(self._encoded[0].keywords)

    @torch.inference_mode()
    def correlate(
        self, words: Tensor, word_mask: Tensor, chosen: slice | Tensor = slice(None)
    ) -> Correlation:
        """Queries (B, L, D_w) with the pictures of the index, or some of them."""
        device = self._encoded[0].keywords.device
        encoded = [each.rows(chosen) for each in self._encoded]
        return fused(self._model(words.to(device), word_mask.to(device), encoded))

    def scores(self, words: Tensor, word_mask: Tensor) -> Scores:
        """Scores of queries (B, L, D_w) for all pictures (B, I)."""
        found = np.zeros((len(words), len(self)), np.float32)
        # Attention reads a picture's regions twice: the second time from the processor's cache.
        for start in range(0, len(self), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            found[:, part] = self.correlate(words, word_mask, part).scores.cpu().numpy()
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
    pictures: Rows = np.sort(lines["picture"].unique())
    places = np.searchsorted(pictures, lines["picture"])
    index = Index.of(model, features.pictures, pictures)
    lines = lines.assign(place=places, gain=_gain(lines["clicks"].to_numpy(), params.gain))
    rank = _rank_all if params.candidates == "all" else _rank_listed
    return queries, rank(index, features.words, lines, queries)


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


def _rank_all(index: Index, words: QueryWords, lines: pd.DataFrame, queries: Rows) -> Ranking:
    cuts = range(_QUERIES_AT_ONCE, len(queries), _QUERIES_AT_ONCE)
    parts = [index.scores(*words.gather(part)) for part in np.split(queries, cuts)]
    scores = np.concatenate(parts)
    gains = np.zeros(scores.shape, np.float64)
    row = pd.Index(queries).get_indexer(pd.Index(lines["query"]))
    gains[row, lines["place"]] = lines["gain"]
    return Ranking(scores, gains, np.ones(scores.shape, np.bool_))


def _rank_listed(index: Index, words: QueryWords, lines: pd.DataFrame, queries: Rows) -> Ranking:
    """Like `_rank_all`, but column j is a query's j-th own picture."""
    groups = dict(iter(lines.groupby("query", sort=False)))
    shape = (len(queries), max(len(group) for group in groups.values()))
    found = Ranking(np.zeros(shape, np.float32), np.zeros(shape), np.zeros(shape, np.bool_))
    for row, query in enumerate(queries.tolist()):
        group = groups[query]
        own = torch.from_numpy(group["place"].to_numpy(np.int64, copy=True))
        scores = index.correlate(*words.gather(np.array([query])), own).scores
        found.scores[row, : len(own)] = scores[0].cpu().numpy()
        found.gain[row, : len(own)] = group["gain"]
        found.candidate[row, : len(own)] = True
    return found


def _gain(clicks: npt.NDArray[np.int64], gain: str) -> npt.NDArray[np.float64]:
    """2^rel - 1: 1 for a clicked picture, or its clicks, as of rel = log2(1 + clicks)."""
    return np.asarray(clicks if gain == "clicks" else clicks > 0, np.float64)
