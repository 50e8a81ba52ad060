"""Word vectors of texts, as the text encoder takes them: x_j = [GloVe(w_j); BERT(w_j)] of Eq. 4."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.errors import UserError
from pipeline.features.store import BertFeatures, Features, GloveFeatures

Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Source:
    """The vectors of one feature file: word j of pair i is table[ids[first[i] + j]]."""

    table: Tensor  # (V, D)
    ids: Tensor  # (T,)
    first: Tensor  # (n,)

    @classmethod
    def of(cls, features: GloveFeatures | BertFeatures, rows: Lengths) -> Self:
        if isinstance(features, GloveFeatures):
            ids = torch.from_numpy(features.word_ids.astype(np.int64))
        else:
            ids = torch.arange(len(features.vectors))
        first = torch.from_numpy(features.offsets[rows].astype(np.int64))
        return cls(torch.from_numpy(features.vectors), ids, first)

    def to(self, device: torch.device) -> Self:
        return type(self)(*(value.to(device) for value in (self.table, self.ids, self.first)))


class WordVectors:
    """The words of pairs, each pair's text found by its key.

    lengths: (n,) words per pair. width: D_w, the sources' widths together.
    """

    def __init__(self, keys: Sequence[str], files: Sequence[GloveFeatures | BertFeatures]) -> None:
        """Look up each key in each of the files.

        Raises:
            UserError: a text is missing in a file, or the files disagree about its words.
        """
        rows = [file.index(keys) for file in files]
        counts = [np.diff(file.offsets)[row] for file, row in zip(files, rows, strict=True)]
        for file, count in zip(files[1:], counts[1:], strict=True):
            _check_agreement(keys, files[0], counts[0], file, count)
        self.lengths: Lengths = counts[0].astype(np.int64)
        self.width = sum(file.vectors.shape[1] for file in files)
        self._sources = [_Source.of(file, row) for file, row in zip(files, rows, strict=True)]

    def to(self, device: torch.device) -> None:
        """Keep the vectors on a device."""
        self._sources = [source.to(device) for source in self._sources]

    def gather(self, pairs: Tensor, lengths: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """Words (B, longest, D_w) float32, zero on padding, and their mask (B, longest)."""
        place = torch.arange(longest, device=pairs.device)
        mask = place < lengths.unsqueeze(1)  # (B, L)
        parts = []
        for source in self._sources:
            # Padding reads the text's first word, which is then emptied.
            words = source.first[pairs].unsqueeze(1) + place * mask  # (B, L)
            parts.append(source.table[source.ids[words]].float())  # (B, L, D)
        return torch.cat(parts, dim=-1) * mask.unsqueeze(-1), mask


def _check_agreement(
    keys: Sequence[str], one: Features, expected: Any, other: Features, found: Any
) -> None:
    wrong = np.flatnonzero(expected != found)
    if len(wrong):
        i = wrong[0]
        raise UserError(
            f"text {keys[i]} has {expected[i]} words in {one.path} but {found[i]} in {other.path};"
            " run both stages again on the same texts.parquet"
        )
