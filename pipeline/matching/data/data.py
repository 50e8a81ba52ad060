"""Images and captions of all splits, and the batches that models learn from."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from pipeline import paths
from pipeline.core.device import resolve_device
from pipeline.features.store import BertFeatures, RegionFeatures
from pipeline.files import digest
from pipeline.matching.captions.captions import BERT_FILE, GLOVE_FILE, CaptionSet
from pipeline.matching.captions.noise import Rows
from pipeline.matching.captions.region_files import open_regions
from pipeline.matching.data.augmentation import vary_regions, vary_words
from pipeline.matching.data.inputs import (
    Images,
    MappedImages,
    NumberedWords,
    StoredImages,
    StoredWords,
    Words,
)
from pipeline.params.matching import MatchingParams, TrainParams


@dataclass(frozen=True)
class Split:
    """A split's images and captions; image: (n,) the image that each caption is paired with."""

    ids: list[str]
    image: Rows
    image_count: int
    images: Images
    words: Words
    device: torch.device

    def pairs(self, rows: Rows, params: TrainParams) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Captions with their images, augmented: regions (B, K, D_r), region mask (B, K), words
        (B, L) or (B, L, D_w), word mask (B, L)."""
        regions, region_mask = self.regions(self.image[rows])
        words, mask = self.words.words(rows)
        regions, region_mask = vary_regions(regions, region_mask, params)
        if params.drop_words:
            hidden, vocabulary = self.words.hidden, self.words.vocabulary
            words, mask = vary_words(words, mask, params.drop_words, hidden, vocabulary)
        return regions, region_mask, words, mask

    def regions(self, numbers: Rows) -> tuple[Tensor, Tensor]:
        """Regions (B, K, D_r) and mask (B, K) of these images."""
        return self.images.regions(torch.from_numpy(numbers).to(self.device))


@dataclass(frozen=True)
class MatchingData:
    """The splits with their features.

    word_vectors: (V, D) that training starts from. digest: a sha256 of captions and features.
    """

    splits: dict[str, Split]
    word_vectors: Tensor | None
    digest: str

    @classmethod
    def load(
        cls,
        captions: CaptionSet,
        params: MatchingParams,
        words: Path,
        regions: Path = paths.REGIONS,
    ) -> Self:
        """Join captions with features, on the device that the parameters name.

        Args:
            words: the folder that the stage `words` wrote.
            regions: the HDF5 file, for corpora that are not precomputed.

        Raises:
            UserError: a file is missing, or lacks an image or a text.
        """
        device = resolve_device(params.train.device)
        stored = None if params.corpus.kind == "precomp" else RegionFeatures.read(regions)
        bert = BertFeatures.read(words / BERT_FILE) if params.text.words == "bert" else None
        splits = {}
        for name, split in captions.splits.items():
            image = captions.given if name == "train" else split.image
            tokens: Words = (
                StoredWords(split.keys, bert, device)
                if bert
                else NumberedWords(split.words, captions.vocabulary, device)
            )
            images: Images = (
                StoredImages(split.images, stored, device)
                if stored
                else MappedImages(split.images, open_regions(*_files(params, name)))
            )
            splits[name] = Split(split.ids, image, len(split.images), images, tokens, device)
        vectors = None
        if params.text.words == "glove":
            vectors = torch.from_numpy(np.load(words / GLOVE_FILE, allow_pickle=False))
        parts = {
            "captions": captions.digest,
            "features": [file.fingerprint for file in (stored, bert) if file],
            "vectors": "" if vectors is None else sha256(vectors.numpy().tobytes()).hexdigest(),
        }
        return cls(splits, vectors, digest(parts))


def _files(params: MatchingParams, split: str) -> tuple[Path, str]:
    return Path(params.corpus.folder), params.corpus.test_files if split == "test" else split
