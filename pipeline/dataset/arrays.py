"""The features of pairs as arrays, found by key and gathered by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.features.store import (
    BertFeatures,
    Features,
    GloveFeatures,
    RegionFeatures,
    SceneFeatures,
)
from pipeline.features.vectors import Lengths, RegionVectors, Rows, SceneVectors, WordVectors
from pipeline.files import Fingerprint
from pipeline.models.classifier import SceneDims


@dataclass(frozen=True)
class FeatureFiles:
    """Feature files in memory; None for one that the model does not read.

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
    the features are.
    """

    def __init__(
        self,
        image_keys: Sequence[str],
        text_keys: Sequence[str],
        files: FeatureFiles,
        order: str,
        names: Sequence[str] = (),
    ) -> None:
        """Find each pair's features in the files.

        image_keys, text_keys: of the n pairs. order: conf | area | raster, see `region_order`.
        names: of `pooled`, `grid` and `scene_mask`, those to keep.

        Raises:
            UserError: a key has no row, or the files disagree about a text's words.
        """
        self._words = WordVectors(text_keys, files.words)
        self._regions = RegionVectors(image_keys, files.regions, order) if files.regions else None
        self._scenes = SceneVectors(image_keys, files.scenes, names) if files.scenes else None
        self.device = torch.device("cpu")
        self.lengths: Lengths = self._words.lengths
        self.word_dim = self._words.width
        self.fingerprints: dict[str, Fingerprint] = {
            file.path.name: file.fingerprint for file in files.all
        }
        self.encoders = {file.path.name: file.digest for file in files.all}

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

    def to(self, device: torch.device) -> Self:
        """Keep the features on a device, where rows are then gathered."""
        for vectors in (self._words, self._regions, self._scenes):
            if vectors:
                vectors.to(device)
        self.device = device
        return self

    def gather(self, rows: Rows) -> dict[str, Tensor]:
        """The features of these rows by name; see `PairBatch`."""
        pairs, lengths = self.place(rows), self.lengths[rows]
        words, word_mask = self._words.gather(pairs, self.place(lengths), int(lengths.max()))
        inputs = {"words": words, "word_mask": word_mask}
        for vectors in (self._regions, self._scenes):
            if vectors:
                inputs |= vectors.gather(pairs)
        return inputs

    def text_means(self, rows: Rows) -> Tensor:
        """The mean of each text's word vectors in the last file of words, (B, D)."""
        return self._words.means(rows)

    def slots(self, rows: Rows) -> npt.NDArray[np.int64]:
        """The image's region in each slot of a pair, (B, K)."""
        assert self._regions
        return self._regions.slots(self.place(rows)).cpu().numpy()

    def region_moments(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (D_r,) of the region features of these rows' images."""
        assert self._regions
        return self._regions.moments(self.place(rows))

    def scene_moments(self, rows: Rows) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of `pooled` and `grid`, where kept, of these rows' images."""
        assert self._scenes
        return self._scenes.moments(self.place(rows))

    def moments(self, rows: Rows) -> dict[str, tuple[Tensor, Tensor]]:
        """Those of `regions`, `pooled` and `grid`, as far as they are read."""
        regions = {"regions": self.region_moments(rows)} if self._regions else {}
        return regions | (self.scene_moments(rows) if self._scenes else {})

    def place(self, numbers: Rows) -> Tensor:
        """Row numbers, lengths or labels on the features' device."""
        return torch.from_numpy(numbers).to(self.device)
