"""Queries and images with their features; a batch is a selection of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from pipeline.errors import UserError
from pipeline.features.batches import Rows
from pipeline.features.reading import Reading
from pipeline.features.store import Features, GloveFeatures
from pipeline.features.tables import Items
from pipeline.features.vectors import WordVectors
from pipeline.files import Fingerprint, digest
from pipeline.models.search.amc import Images
from pipeline.search.features.keywords import Ints
from pipeline.search.features.visual import Visual

Mask = npt.NDArray[np.bool_]


class ImageFeatures:
    """The visual features and keywords of images, in the order of their keys."""

    def __init__(
        self,
        keys: Sequence[str],
        visual: Visual,
        keywords: Sequence[Ints],
        memory: int | None = None,
    ) -> None:
        """Look up each image.

        keywords: of each image, as numbers in the vocabulary. memory: bytes in place of the
        machine's.

        Raises:
            UserError: an image is missing in the feature file.
        """
        self.keys, self.visual = list(keys), visual
        self._rows = visual.features.index(keys)
        self._vectors = Items(self._rows, visual.vectors)
        self._reading = Reading([self._vectors], memory)
        longest = max(map(len, keywords), default=0)
        self.keywords = np.zeros((len(keys), max(longest, 1)), np.int64)  # (P, n)
        self.keyword_mask = np.zeros(self.keywords.shape, np.bool_)
        for row, numbers in enumerate(keywords):
            self.keywords[row, : len(numbers)] = numbers
            self.keyword_mask[row, : len(numbers)] = True

    def __len__(self) -> int:
        return len(self.keys)

    def gather(self, images: Rows) -> Images:
        """Some of the images, by row."""
        return Images(
            self._vectors.select(images),
            torch.from_numpy(self.visual.mask[self._rows[images]]),
            torch.from_numpy(self.keywords[images]),
            torch.from_numpy(self.keyword_mask[images]),
        )

    def stream(self, batches: Sequence[Rows]) -> Iterator[Images]:
        """Yield batches of the images; ahead of their use, where files are read."""
        return self._reading.stream(self.gather, batches)

    def to(self, device: torch.device) -> None:
        """Give visual features on a device; they are kept there if they fit."""
        self._reading.to(device)

    def places(self, images: Rows) -> Rows | None:
        """Where these images' features lie, if batches are to be drawn from blocks of the file."""
        return self._reading.places(images)

    def keywords_of(self, image: int) -> Ints:
        """The keywords of an image (n,), without padding."""
        numbers: Ints = self.keywords[image][self.keyword_mask[image]]
        return numbers

    def rows_in_file(self, images: Rows) -> Rows:
        """The rows of some images in the feature file."""
        return self._rows[images]


@dataclass(frozen=True)
class SearchFeatures:
    """The queries and images of a corpus with their features.

    lines: one per query and image, columns split, query, image (rows), clicks. query_keys, words:
    of the distinct queries. files: the feature files of queries and images.
    """

    lines: pd.DataFrame
    query_keys: list[str]
    words: WordVectors
    images: ImageFeatures
    files: tuple[Features, ...]

    @property
    def fingerprints(self) -> dict[str, Fingerprint]:
        """Fingerprint by name of the feature file."""
        return {file.path.name: file.fingerprint for file in self.files}

    @property
    def encoders(self) -> dict[str, str]:
        """The sha256 of the fingerprint by name of the feature file."""
        return {file.path.name: file.digest for file in self.files}

    @property
    def digest(self) -> str:
        """A sha256 of queries, keywords, and the fingerprints of the features."""
        images = self.images
        parts = {
            "shown": self.lines.to_dict("list"),
            "keys": [self.query_keys, images.keys],
            "keywords": [images.keywords.tolist(), images.keyword_mask.tolist()],
            "features": self.fingerprints,
        }
        return digest(parts)

    @classmethod
    def of(cls, queries: pd.DataFrame, glove: GloveFeatures, images: ImageFeatures) -> Self:
        """Join the table of queries, see `Queries.lines`, with features.

        Raises:
            UserError: a query is missing in the file of word vectors.
        """
        query_keys = list(dict.fromkeys(queries["query_key"]))
        query_rows = {key: row for row, key in enumerate(query_keys)}
        image_rows = {key: row for row, key in enumerate(images.keys)}
        lines = pd.DataFrame(
            {
                "split": queries["split"],
                "query": queries["query_key"].map(query_rows),
                "image": queries["image_key"].map(image_rows),
                "clicks": queries["clicks"],
            }
        )
        files = (images.visual.features, glove)
        return cls(lines, query_keys, WordVectors(query_keys, [glove]), images, files)

    def split(self, name: str) -> pd.DataFrame:
        """The lines of a split.

        Raises:
            UserError: there are none.
        """
        lines = self.lines[self.lines["split"] == name]
        if lines.empty:
            raise UserError(f"the corpus has no queries in its {name!r} split")
        return lines
