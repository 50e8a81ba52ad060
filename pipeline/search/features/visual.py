"""Visual features of images: the regions or grid cells that attention weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import StandardScaler

from pipeline.features.batches import Rows
from pipeline.features.store import OK, RegionFeatures, SceneFeatures

Floats = npt.NDArray[np.float32]

# Bounds the memory of passes over all images.
_AT_ONCE = 256


@dataclass(frozen=True)
class Visual:
    """R regions or cells of each of n images.

    kind: regions | scenes. features: the file. vectors: (n, R, D_v) f2. mask: (n, R), false where
    an image has fewer regions or could not be read.
    """

    kind: str
    features: RegionFeatures | SceneFeatures
    vectors: npt.NDArray[np.float16]
    mask: npt.NDArray[np.bool_]

    @classmethod
    def read(cls, path: Path, kind: str) -> Self:
        """Read a feature file of this kind.

        Raises:
            UserError: it is missing or damaged.
        """
        return cls.of((RegionFeatures if kind == "regions" else SceneFeatures).read(path))

    @classmethod
    def of(cls, features: RegionFeatures | SceneFeatures) -> Self:
        """The visual features in a file of regions or scenes."""
        if isinstance(features, RegionFeatures):
            return cls("regions", features, features.features, features.mask)
        mask = np.repeat((features.status == OK)[:, None], features.grid.shape[1], 1)
        return cls("scenes", features, features.grid, mask)

    @property
    def width(self) -> int:
        """D_v."""
        return int(self.vectors.shape[-1])

    def moments(self, rows: Rows) -> tuple[Floats, Floats]:
        """Mean and standard deviation (D_v,) over all regions of some images."""
        scaler = StandardScaler()
        for part in _parts(rows):
            if self.mask[part].any():
                scaler.partial_fit(self.vectors[part][self.mask[part]].astype(np.float32))
        return scaler.mean_.astype(np.float32), np.sqrt(scaler.var_).astype(np.float32)

    def means(self, rows: Rows) -> Floats:
        """The mean vector of each of some images (m, D_v); zero for one without any region."""
        empty = np.zeros((0, self.width), np.float32)
        return np.concatenate([empty, *map(self._means, _parts(rows))])

    def _means(self, rows: Rows) -> Floats:
        mask = self.mask[rows][..., None]
        total: Any = (self.vectors[rows].astype(np.float32) * mask).sum(1)
        means: Floats = total / np.maximum(mask.sum(1), 1)
        return means


def _parts(rows: Rows) -> Sequence[Rows]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
