"""The words of a split's captions, as numbers or as cached vectors."""

from collections.abc import Sequence
from itertools import chain
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from pipeline.features.store import BertFeatures
from pipeline.matching.noise import Rows
from pipeline.matching.vocabulary import Vocabulary
from pipeline.training.words import WordVectors

# What the stage `words` leaves in its folder.
BERT_FILE, GLOVE_FILE = "bert.h5", "glove.npy"


class Words(Protocol):
    """Words by caption number.

    lengths: (n,) words per caption. hidden: what stands for a hidden word. vocabulary: number of
    words, 0 where they are vectors.
    """

    lengths: Rows
    hidden: Tensor
    vocabulary: int

    def words(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """(B, L) numbers or (B, L, D_w) vectors, and mask (B, L), of these captions."""


class NumberedWords:
    """Words by their numbers in a vocabulary."""

    def __init__(
        self, texts: Sequence[Sequence[str]], vocabulary: Vocabulary, device: torch.device
    ) -> None:
        numbers = [vocabulary.numbers(text) for text in texts]
        self.lengths = np.array([len(text) for text in numbers], dtype=np.int64)
        first = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self._first = torch.from_numpy(first).to(device)
        self._flat = torch.tensor(list(chain.from_iterable(numbers)), device=device)
        self.hidden = torch.tensor(vocabulary.mask, device=device)
        self.vocabulary = len(vocabulary)

    def words(self, rows: Rows) -> tuple[Tensor, Tensor]:
        lengths = torch.from_numpy(self.lengths[rows]).to(self._flat.device)
        place = torch.arange(int(lengths.max()), device=self._flat.device)
        mask = place < lengths.unsqueeze(1)  # (B, L)
        first = self._first[torch.from_numpy(rows).to(self._first.device)]
        return self._flat[first.unsqueeze(1) + place * mask] * mask, mask


class StoredWords:
    """Words as the vectors of bert.h5."""

    vocabulary = 0

    def __init__(self, keys: Sequence[str], file: BertFeatures, device: torch.device) -> None:
        """Look up each text's key.

        Raises:
            UserError: a text has no row in the file.
        """
        self._vectors = WordVectors(keys, [file])
        self._vectors.to(device)
        self._device = device
        self.lengths = self._vectors.lengths
        self.hidden = torch.zeros(self._vectors.width, device=device)

    def words(self, rows: Rows) -> tuple[Tensor, Tensor]:
        lengths = self.lengths[rows]
        numbers = torch.from_numpy(rows).to(self._device)
        on_device = torch.from_numpy(lengths).to(self._device)
        return self._vectors.gather(numbers, on_device, int(lengths.max()))
