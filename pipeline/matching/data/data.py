"""Images and captions of all splits, and the batches that models learn from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from pipeline import paths
from pipeline.core.device import on_device, resolve_device
from pipeline.features.reading import Reading
from pipeline.features.store import BertFeatures, RegionFeatures
from pipeline.features.vectors import RegionVectors, WordVectors
from pipeline.files import digest
from pipeline.matching.captions.captions import BERT_FILE, GLOVE_FILE, Captions, CaptionSet
from pipeline.matching.captions.noise import Rows
from pipeline.matching.captions.region_files import open_regions
from pipeline.matching.data.augmentation import vary_regions, vary_words
from pipeline.matching.data.inputs import (
    Images,
    MappedImages,
    NumberedWords,
    PairedImages,
    StoredImages,
    StoredWords,
    Words,
)
from pipeline.params.matching import MatchingParams, TrainParams

# Regions (B, K, D_r) and words (B, L) or (B, L, D_w), each with its mask, which is on the host.
Pairs = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Split:
    """A split's images and captions; image: (n,) the image that each caption is paired with.

    memory: bytes in place of the machine's, which decide how batches are drawn.
    """

    ids: list[str]
    image: Rows
    image_count: int
    images: Images
    words: Words
    device: torch.device
    memory: int | None = None

    def __post_init__(self) -> None:
        self.reading.to(self.device)

    @cached_property
    def reading(self) -> Reading:
        """How captions and their images are read."""
        return Reading([PairedImages(self.images, self.image), *self.words.vectors], self.memory)

    def stream(self, batches: Sequence[Rows]) -> Iterator[Pairs]:
        """Yield captions with their images, ahead of their use, where files are read."""
        return self.reading.stream(self.pairs, batches)

    def pairs(self, rows: Rows) -> Pairs:
        """Captions with their images."""
        return *self.images.regions(self.image[rows]), *self.words.words(rows)

    def varied(self, pairs: Pairs, params: TrainParams) -> Pairs:
        """The pairs without some of their regions and words, at random."""
        regions, region_mask, words, mask = pairs
        regions, region_mask = vary_regions(regions, region_mask, params)
        if params.drop_words:
            hidden, vocabulary = self.words.hidden, self.words.vocabulary
            words, mask = vary_words(words, mask, params.drop_words, hidden, vocabulary)
        return regions, region_mask, on_device(words, self.device), mask

    def texts(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Words and mask of these captions, ready for a model."""
        words, mask = self.words.words(rows)
        return on_device(words, self.device), mask


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
        memory: int | None = None,
    ) -> Self:
        """Join captions with features, on the device that the parameters name.

        Args:
            words: the folder that the stage `words` wrote.
            regions: the HDF5 file, for corpora that are not precomputed.
            memory: see `Split`.

        Raises:
            UserError: a file is missing, or lacks an image or a text.
        """
        device = resolve_device(params.train.device)
        stored = None if params.corpus.kind == "precomp" else RegionFeatures.read(regions)
        bert = BertFeatures.read(words / BERT_FILE) if params.text.words == "bert" else None
        sources = _Sources.of(captions, stored, bert)
        splits = {}
        for name, split in captions.splits.items():
            image = captions.given if name == "train" else split.image
            images, tokens = sources.images(name, params), sources.words(name)
            count = len(split.images)
            splits[name] = Split(split.ids, image, count, images, tokens, device, memory)
        vectors = None
        if params.text.words == "glove":
            vectors = torch.from_numpy(np.load(words / GLOVE_FILE, allow_pickle=False))
        parts = {
            "captions": captions.digest,
            "features": [file.fingerprint for file in (stored, bert) if file],
            "vectors": "" if vectors is None else sha256(vectors.numpy().tobytes()).hexdigest(),
        }
        return cls(splits, vectors, digest(parts))


@dataclass(frozen=True)
class _Sources:
    """Where images and words come from; files are shared by all splits."""

    captions: CaptionSet
    regions: RegionVectors | None
    bert: WordVectors | None

    @classmethod
    def of(
        cls, captions: CaptionSet, regions: RegionFeatures | None, bert: BertFeatures | None
    ) -> Self:
        splits = captions.splits.values()
        images = [key for split in splits for key in split.images]
        texts = [key for split in splits for key in split.keys]
        return cls(
            captions,
            RegionVectors(images, regions, "conf") if regions else None,
            WordVectors(texts, [bert]) if bert else None,
        )

    def images(self, name: str, params: MatchingParams) -> Images:
        split = self.captions.splits[name]
        if self.regions:
            first = sum(len(other.images) for other in self._before(name))
            return StoredImages(self.regions, first, len(split.images))
        return MappedImages(split.images, open_regions(*_files(params, name)))

    def words(self, name: str) -> Words:
        split = self.captions.splits[name]
        if self.bert:
            first = sum(len(other.keys) for other in self._before(name))
            return StoredWords(self.bert, first, len(split.keys))
        return NumberedWords(split.words, self.captions.vocabulary)

    def _before(self, name: str) -> list[Captions]:
        names = [*self.captions.splits]
        return [self.captions.splits[other] for other in names[: names.index(name)]]


def _files(params: MatchingParams, split: str) -> tuple[Path, str]:
    return Path(params.corpus.folder), params.corpus.test_files if split == "test" else split
