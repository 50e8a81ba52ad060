"""Regions of images and words of captions, from the project's own features or from other files."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from pipeline.features.store import BertFeatures, RegionFeatures
from pipeline.features.vectors import RegionVectors, WordVectors
from pipeline.matching.captions.noise import Rows
from pipeline.matching.captions.region_files import Array
from pipeline.matching.captions.vocabulary import Vocabulary


class StoredImages:
    """Regions of regions.h5, in memory. width: D_r."""

    def __init__(self, keys: Sequence[str], regions: RegionFeatures, device: torch.device) -> None:
        """Look up each image's key.

        Raises:
            UserError: an image is missing in the file.
        """
        self._vectors = RegionVectors(keys, regions, "conf").to(device)
        self.width = self._vectors.width

    def regions(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Regions (B, K, D_r) float32 and mask (B, K) of these images, on their device."""
        found = self._vectors.gather(numbers)
        return found["regions"], found["region_mask"]


class MappedImages:
    """Regions of a memory-mapped .npy file, read by batch. width: D_r."""

    def __init__(self, rows: Sequence[str], array: Array) -> None:
        self._rows = np.array(rows, dtype=np.int64)
        self._array = array
        self.width = array.shape[2]

    def regions(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Regions (B, K, D_r) float32 and mask (B, K) of these images, on their device."""
        rows = self._rows[numbers.cpu().numpy()]
        found = torch.from_numpy(self._array[rows].astype(np.float32, copy=False))
        mask = torch.ones(found.shape[:2], dtype=torch.bool)
        return found.to(numbers.device), mask.to(numbers.device)


class NumberedWords:
    """Words as numbers in a vocabulary.

    lengths: (n,) words per caption. hidden: the number of a masked word. vocabulary: its size.
    """

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
        """Numbers (B, L) and mask (B, L) of these captions."""
        lengths = torch.from_numpy(self.lengths[rows]).to(self._flat.device)
        place = torch.arange(int(lengths.max()), device=self._flat.device)
        mask = place < lengths.unsqueeze(1)  # (B, L)
        first = self._first[torch.from_numpy(rows).to(self._first.device)]
        return self._flat[first.unsqueeze(1) + place * mask] * mask, mask


class StoredWords:
    """Words as vectors of bert.h5. hidden: the vector of a masked word."""

    vocabulary = 0

    def __init__(self, keys: Sequence[str], file: BertFeatures, device: torch.device) -> None:
        """Look up each text's key.

        Raises:
            UserError: a text is missing in the file.
        """
        self._vectors = WordVectors(keys, [file])
        self._vectors.to(device)
        self.lengths = self._vectors.lengths
        self.hidden = torch.zeros(self._vectors.width, device=device)

    def words(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Vectors (B, L, D_w) and mask (B, L) of these captions."""
        return self._vectors.select(rows)


Images = StoredImages | MappedImages
Words = NumberedWords | StoredWords
