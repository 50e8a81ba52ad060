"""The features of pairs as arrays, found by key and gathered by row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.core.device import on_device
from pipeline.features.batches import Lengths, Rows
from pipeline.features.reading import Reading
from pipeline.features.store import (
    BertFeatures,
    Features,
    GloveFeatures,
    RegionFeatures,
    SceneFeatures,
)
from pipeline.features.tables import CPU
from pipeline.features.vectors import RegionVectors, SceneVectors, WordVectors
from pipeline.files import Fingerprint
from pipeline.models.classifier import SceneDims

_Batch = TypeVar("_Batch")


@dataclass(frozen=True)
class FeatureFiles:
    """Feature files; None for one that the model does not read.

    words: one or two files of word vectors, concatenated for each word.
    """

    words: Sequence[GloveFeatures | BertFeatures]
    regions: RegionFeatures | None = None
    scenes: SceneFeatures | None = None

    @property
    def all(self) -> list[Features]:
        """The files that were read."""
        return [file for file in (self.regions, self.scenes, *self.words) if file]


class PairArrays:
    """Features of n pairs, in their files' precision until gathered.

    region_count, region_dim: K and D_r of an image, 0 without regions. word_dim: D_w.
    scene_dims: of `pooled` and `grid`, where kept. lengths: (n,) words of each text.
    fingerprints: feature file name -> its fingerprint. encoders: the same as digests. device: where
    batches are made.
    """

    def __init__(
        self,
        image_keys: Sequence[str],
        text_keys: Sequence[str],
        files: FeatureFiles,
        order: str,
        names: Sequence[str] = (),
        memory: int | None = None,
    ) -> None:
        """Find each pair's features in the files.

        image_keys, text_keys: of the n pairs. order: conf | area | raster, see `region_order`.
        names: of `pooled`, `grid` and `scene_mask`, those to keep. memory: bytes in place of the
        machine's.

        Raises:
            UserError: a key has no row, or the files disagree about a text's words.
        """
        self._words = WordVectors(text_keys, files.words)
        self._regions = RegionVectors(image_keys, files.regions, order) if files.regions else None
        self._scenes = SceneVectors(image_keys, files.scenes, names) if files.scenes else None
        found = (self._words, self._regions, self._scenes)
        self._reading = Reading([part for part in found if part], memory)
        self.device = CPU
        self.lengths: Lengths = self._words.lengths
        self.word_dim = self._words.width
        self.fingerprints: dict[str, Fingerprint] = {
            file.path.name: file.fingerprint for file in files.all
        }
        self.encoders = {file.path.name: file.digest for file in files.all}

    @property
    def batching(self) -> str:
        """How batches are drawn, for a training's identity."""
        return self._reading.batching

    @property
    def region_count(self) -> int:
        return self._regions.count if self._regions else 0

    @property
    def region_dim(self) -> int:
        return self._regions.width if self._regions else 0

    @property
    def scene_dims(self) -> SceneDims:
        scenes = self._scenes
        return SceneDims(**scenes.widths, cells=scenes.cells) if scenes else SceneDims()

    @property
    def all_rows(self) -> Rows:
        return np.arange(len(self.lengths))

    def to(self, device: torch.device, memory: int | None = None) -> Self:
        """Make batches on a device; the features are kept there if they fit.

        memory: bytes of the device, in place of what is free.
        """
        self._reading.to(device, memory)
        self.device = device
        return self

    def gather(self, rows: Rows) -> dict[str, Tensor]:
        """The features of these rows by name; see `PairBatch`."""
        words, word_mask = self._words.gather(rows)
        lengths = torch.from_numpy(self.lengths[rows])
        inputs = {"words": words, "word_mask": word_mask, "lengths": lengths}
        for vectors in (self._regions, self._scenes):
            if vectors:
                inputs |= vectors.gather(rows)
        return inputs

    def stream(self, gather: Callable[[Rows], _Batch], batches: Sequence[Rows]) -> Iterator[_Batch]:
        """Yield what `gather` returns for each batch of rows; ahead of its use, where files are
        read."""
        return self._reading.stream(gather, batches)

    def places(self, rows: Rows) -> Rows | None:
        """Where these rows' features lie, if batches are to be drawn from blocks of the file."""
        return self._reading.places(rows)

    def text_means(self, rows: Rows) -> Tensor:
        """The mean of each text's word vectors in the last file of words, (B, D)."""
        return self._words.means(rows)

    def slots(self, rows: Rows) -> npt.NDArray[np.int64]:
        """The image's region in each slot of a pair, (B, K)."""
        assert self._regions
        return self._regions.slots(rows)

    def region_moments(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (D_r,) of the region features of these rows' images."""
        assert self._regions
        return self._regions.moments(rows)

    def scene_moments(self, rows: Rows) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of `pooled` and `grid`, where kept, of these rows' images."""
        assert self._scenes
        return self._scenes.moments(rows)

    def moments(self, rows: Rows) -> dict[str, tuple[Tensor, Tensor]]:
        """Those of `regions`, `pooled` and `grid`, as far as they are read."""
        regions = {"regions": self.region_moments(rows)} if self._regions else {}
        return regions | (self.scene_moments(rows) if self._scenes else {})

    def place(self, numbers: Rows) -> Tensor:
        """Row numbers or labels on the device of the batches."""
        return on_device(torch.from_numpy(numbers), self.device)
