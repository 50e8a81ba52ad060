"""Pictures and captions of all splits, and the batches that models learn from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from pipeline.features.store import BertFeatures, RegionFeatures
from pipeline.matching.augmentation import drop_regions, vary_words
from pipeline.matching.captions import CaptionSet
from pipeline.matching.noise import Rows
from pipeline.matching.params import MatchingParams, TrainParams
from pipeline.matching.pictures import MappedPictures, Pictures, StoredPictures, open_regions
from pipeline.matching.words import (
    BERT_FILE,
    GLOVE_FILE,
    NumberedWords,
    StoredWords,
    Words,
)


@dataclass(frozen=True)
class Split:
    """A split's pictures and captions; image: (n,) the picture that each caption is given."""

    ids: list[str]
    image: Rows
    images: int
    pictures: Pictures
    words: Words
    device: torch.device

    def pairs(self, rows: Rows, params: TrainParams) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Captions with their pictures, some regions and words left out: regions (B, K, D_r),
        region mask (B, K), words (B, L) or (B, L, D_w), word mask (B, L)."""
        regions, region_mask = self.regions(self.image[rows])
        words, mask = self.words.words(rows)
        region_mask = drop_regions(region_mask, params.drop_regions)
        if params.drop_words:
            hidden, vocabulary = self.words.hidden, self.words.vocabulary
            words, mask = vary_words(words, mask, params.drop_words, hidden, vocabulary)
        return regions, region_mask, words, mask

    def regions(self, numbers: Rows) -> tuple[Tensor, Tensor]:
        """Regions (B, K, D_r) and mask (B, K) of these pictures."""
        return self.pictures.regions(torch.from_numpy(numbers).to(self.device))


@dataclass(frozen=True)
class MatchingData:
    """The splits to train on and to choose and judge by; word_vectors: (V, D) to begin with."""

    splits: dict[str, Split]
    word_vectors: Tensor | None
    digest: str

    @property
    def region_width(self) -> int:
        return self.splits["train"].pictures.width

    @property
    def vocabulary(self) -> int:
        """The number of words, 0 where they come as vectors."""
        return self.splits["train"].words.vocabulary

    @property
    def vector_width(self) -> int | None:
        """The width of the word vectors that the files hold; None if there are none."""
        hidden = self.splits["train"].words.hidden
        if self.word_vectors is not None:
            return self.word_vectors.shape[1]
        return hidden.shape[0] if hidden.dim() else None

    @classmethod
    def load(
        cls,
        captions: CaptionSet,
        params: MatchingParams,
        regions: Path,
        words: Path,
        device: torch.device,
    ) -> Self:
        """Join captions with features.

        Args:
            regions: the HDF5 file, for corpora that are not precomputed. words: the folder that
                the stage `words` wrote.

        Raises:
            UserError: a file is missing, or lacks a picture or a text.
        """
        stored = None if params.corpus.kind == "precomp" else RegionFeatures.read(regions)
        bert = BertFeatures.read(words / BERT_FILE) if params.text.words == "bert" else None
        splits = {}
        for name, own in captions.splits.items():
            given = captions.given if name == "train" else own.image
            spoken: Words = (
                StoredWords(own.keys, bert, device)
                if bert
                else NumberedWords(own.words, captions.vocabulary, device)
            )
            pictures: Pictures = (
                StoredPictures(own.images, stored, device)
                if stored
                else MappedPictures(own.images, open_regions(*_files(params, name)))
            )
            splits[name] = Split(own.ids, given, len(own.images), pictures, spoken, device)
        vectors = None
        if params.text.words == "glove":
            vectors = torch.from_numpy(np.load(words / GLOVE_FILE, allow_pickle=False))
        return cls(splits, vectors, captions.digest)


def _files(params: MatchingParams, split: str) -> tuple[Path, str]:
    return Path(params.corpus.folder), params.corpus.test_files if split == "test" else split
