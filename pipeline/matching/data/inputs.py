"""Regions of images and words of captions, from the project's own features or from other files.

Masks, and what numbers say, are on the host, so that models need not wait for a device to tell.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from pipeline.features.batches import Rows
from pipeline.features.reading import Vectors
from pipeline.features.tables import Items, Table
from pipeline.features.vectors import RegionVectors, WordVectors
from pipeline.matching.captions.region_files import Array
from pipeline.matching.captions.vocabulary import Vocabulary


class StoredImages:
    """Regions of regions.h5. places: of the images in the file. width: D_r."""

    def __init__(self, vectors: RegionVectors, first: int, count: int) -> None:
        """vectors: of the images of all splits, of which these are `count` from the first on."""
        self._vectors, self._first = vectors, first
        self.places = vectors.places[first : first + count]
        self.width = vectors.width

    @property
    def tables(self) -> list[Table]:
        return self._vectors.tables

    def to(self, device: torch.device, resident: bool = True) -> None:
        """Give regions on a device; resident: see `Table.to`."""
        self._vectors.to(device, resident)

    def regions(self, numbers: Rows) -> tuple[Tensor, Tensor]:
        """Regions (B, K, D_r) float32 of these images, and mask (B, K) on the host."""
        rows = numbers + self._first
        return self._vectors.select(rows), torch.from_numpy(self._vectors.mask(rows))

    def read_in_advance(self, numbers: Rows) -> None:
        """Bring some images' regions nearer, see `Table.read_in_advance`."""
        self._vectors.read_in_advance(numbers + self._first)


class MappedImages(Items):
    """Regions of a memory-mapped .npy file. width: D_r."""

    def __init__(self, rows: Sequence[str], array: Array) -> None:
        super().__init__(np.array(rows, dtype=np.int64), array)
        self.width = array.shape[2]

    def regions(self, numbers: Rows) -> tuple[Tensor, Tensor]:
        """Regions (B, K, D_r) float32 of these images, and mask (B, K) on the host."""
        found = self.select(numbers)
        return found, torch.ones(found.shape[:2], dtype=torch.bool)


class NumberedWords:
    """Words as numbers in a vocabulary, on the host.

    lengths: (n,) words per caption. hidden: the number of a masked word. vocabulary: its size.
    """

    def __init__(self, texts: Sequence[Sequence[str]], vocabulary: Vocabulary) -> None:
        numbers = [vocabulary.numbers(text) for text in texts]
        self.lengths = np.array([len(text) for text in numbers], dtype=np.int64)
        self._first = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self._flat = np.array(list(chain.from_iterable(numbers)), dtype=np.int64)
        self.hidden = torch.tensor(vocabulary.mask)
        self.vocabulary = len(vocabulary)
        self.vectors: list[Vectors] = []

    def words(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Numbers (B, L) and mask (B, L) of these captions, both on the host."""
        lengths = self.lengths[rows]
        place = np.arange(lengths.max())
        mask = place < lengths[:, None]  # (B, L)
        numbers = self._flat[self._first[rows][:, None] + place * mask] * mask
        return torch.from_numpy(numbers), torch.from_numpy(mask)


class StoredWords:
    """Words as vectors of bert.h5. lengths: (n,) words per caption."""

    vocabulary = 0

    def __init__(self, vectors: WordVectors, first: int, count: int) -> None:
        """vectors: of the captions of all splits, of which these are `count` from the first on."""
        self._vectors, self._first = vectors, first
        self.lengths = vectors.lengths[first : first + count]
        self.places = vectors.places[first : first + count]
        self.vectors: list[Vectors] = [self]
        self.to(torch.device("cpu"))

    @property
    def tables(self) -> list[Table]:
        return self._vectors.tables

    def to(self, device: torch.device, resident: bool = True) -> None:
        """Give vectors on a device; resident: see `Table.to`."""
        self._vectors.to(device, resident)
        # The vector of a masked word.
        self.hidden = torch.zeros(self._vectors.width, device=device)

    def words(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Vectors (B, L, D_w) of these captions, and mask (B, L) on the host."""
        here = rows + self._first
        return self._vectors.select(here), torch.from_numpy(self._vectors.mask(here))

    def read_in_advance(self, rows: Rows) -> None:
        """Bring some captions' vectors nearer, see `Table.read_in_advance`."""
        self._vectors.read_in_advance(rows + self._first)


class PairedImages:
    """The images of captions. places: (n,) of each caption's image in the file."""

    def __init__(self, images: "Images", image: Rows) -> None:
        self._images, self._image = images, image
        self.places = images.places[image]

    @property
    def tables(self) -> list[Table]:
        return self._images.tables

    def to(self, device: torch.device, resident: bool = True) -> None:
        """Give regions on a device; resident: see `Table.to`."""
        self._images.to(device, resident)

    def read_in_advance(self, rows: Rows) -> None:
        """Bring the regions of some captions' images nearer, see `Table.read_in_advance`."""
        self._images.read_in_advance(np.unique(self._image[rows]))


Images = StoredImages | MappedImages
Words = NumberedWords | StoredWords
