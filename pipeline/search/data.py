"""Queries and pictures with their features in memory; a batch is a selection of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from pipeline.errors import UserError
from pipeline.features.store import GloveFeatures
from pipeline.search.amc import Pictures
from pipeline.search.keywords import Ints, read_records
from pipeline.search.visual import Visual
from pipeline.training.encoders import Fingerprint, digest
from pipeline.training.words import WordVectors

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class QueryWords:
    """The word vectors of distinct queries, in the order of their keys."""

    def __init__(self, keys: Sequence[str], glove: GloveFeatures) -> None:
        """Look up each query.

        Raises:
            UserError: a query is missing in the file.
        """
        self._words = WordVectors(keys, [glove])
        self.width, self.lengths = self._words.width, self._words.lengths

    def gather(self, queries: Rows) -> tuple[Tensor, Tensor]:
        """Words (B, L, D_w) and their mask (B, L) of some queries."""
        lengths = self._words.lengths[queries]
        return self._words.gather(
            torch.tensor(queries), torch.from_numpy(lengths), int(lengths.max())
        )


class PictureFeatures:
    """What is seen and told of pictures, in the order of their keys."""

    def __init__(self, keys: Sequence[str], visual: Visual, keywords: Sequence[Ints]) -> None:
        """Look up each picture.

        keywords: of each picture, numbers in the vocabulary.

        Raises:
            UserError: a picture is missing in the feature file.
        """
        self.keys, self.visual = list(keys), visual
        self._rows = visual.features.index(keys)
        longest = max((len(own) for own in keywords), default=0)
        self.keywords = np.zeros((len(keys), max(longest, 1)), np.int64)  # (P, n)
        self.keyword_mask = np.zeros(self.keywords.shape, np.bool_)
        for row, own in enumerate(keywords):
            self.keywords[row, : len(own)] = own
            self.keyword_mask[row, : len(own)] = True

    def __len__(self) -> int:
        return len(self.keys)

    def gather(self, pictures: Rows) -> Pictures:
        """Some of the pictures, by row."""
        vectors, mask = self.visual.gather(self._rows[pictures])
        return Pictures(
            vectors,
            mask,
            torch.from_numpy(self.keywords[pictures]),
            torch.from_numpy(self.keyword_mask[pictures]),
        )

    def own_keywords(self, picture: int) -> Ints:
        """The numbers of a picture's keywords (n,), without padding."""
        own: Ints = self.keywords[picture][self.keyword_mask[picture]]
        return own

    def rows_in_file(self, pictures: Rows) -> Rows:
        """Where the feature file has these pictures."""
        return self._rows[pictures]


@dataclass(frozen=True)
class SearchFeatures:
    """A corpus of search, all of it.

    shown: one line per query and picture, columns split, query, picture (rows), clicks.
    query_keys: distinct queries. fingerprints: feature file name -> what its rows were computed
    with.
    """

    shown: pd.DataFrame
    query_keys: list[str]
    words: QueryWords
    pictures: PictureFeatures
    fingerprints: dict[str, Fingerprint]

    @property
    def encoders(self) -> dict[str, str]:
        """Feature file name -> sha256 of its fingerprint."""
        return {name: digest(fingerprint) for name, fingerprint in self.fingerprints.items()}

    @classmethod
    def of(cls, queries: pd.DataFrame, glove: GloveFeatures, pictures: PictureFeatures) -> Self:
        """Join the table of queries (split, query_key, image_key, clicks) with features."""
        query_keys = list(dict.fromkeys(queries["query_key"]))
        numbers = {key: row for row, key in enumerate(query_keys)}
        places = {key: row for row, key in enumerate(pictures.keys)}
        shown = pd.DataFrame(
            {
                "split": queries["split"],
                "query": queries["query_key"].map(numbers),
                "picture": queries["image_key"].map(places),
                "clicks": queries["clicks"],
            }
        )
        files = (pictures.visual.features, glove)
        fingerprints = {file.path.name: file.fingerprint for file in files}
        return cls(shown, query_keys, QueryWords(query_keys, glove), pictures, fingerprints)

    def split(self, name: str) -> pd.DataFrame:
        """The lines of a split.

        Raises:
            UserError: it has none.
        """
        lines = self.shown[self.shown["split"] == name]
        if lines.empty:
            raise UserError(f"the corpus has no queries in its {name!r} split")
        return lines


def read_keywords_of(folder: Path, table: pd.DataFrame) -> list[Ints]:
    """Each picture's keywords, by number, from the record arrays below a folder.

    table: columns list and number, a line per picture; the number is -1 for one in no list.
    """
    arrays = {
        name: (read_records(folder / name / "records.npy"), np.load(folder / name / "ranges.npy"))
        for name in table["list"].unique()
    }
    return [
        _words_of(*arrays[name], number)
        for name, number in zip(table["list"], table["number"], strict=True)
    ]


def _words_of(records: Ints, ranges: Ints, number: int) -> Ints:
    first, last = ranges[number] if 0 <= number < len(ranges) else (-1, -1)
    words: Ints = records[first : last + 1, 1] if first >= 0 else np.empty(0, np.int64)
    return words
