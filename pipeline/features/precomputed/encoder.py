"""Precomputed regions as an encoder: what a file says of a picture, as its row."""

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import UserError
from pipeline.features.encoder import Row
from pipeline.features.pictures import Picture, PictureEntry
from pipeline.features.precomputed.base import FoundRegions, Size
from pipeline.features.precomputed.check import RegionCheck
from pipeline.features.precomputed.source import PictureIds, open_source
from pipeline.features.regions import region_fields


@dataclass(frozen=True)
class _Loaded:
    found: FoundRegions
    size: Size  # of the original


class PrecomputedEncoder:
    """The first `count` regions that a file has of a picture, in its order.

    Such files hold no scores: 1 for the first region and falling evenly stand in for them, so that
    the file's order stays the order of confidence. Without boxes, boxes are zero.
    """

    name = "regions-precomputed"
    class_names = ("__background__", "region")
    batch_size = 1
    parallel_calls = 1

    def __init__(self, path: Path, pictures: Sequence[PictureEntry], count: int) -> None:
        """Open a file or folder, see `open_source`, and check it, see `RegionCheck`.

        Raises:
            UserError: it holds no precomputed regions, is damaged, or lacks a picture.
        """
        self._path, self._count = path, count
        self._source = open_source(path)
        self.found = RegionCheck(
            path, self._source, PictureIds(path, self._source), pictures, count
        )
        self.fields = region_fields(count, self._source.feature_dim)
        # With the pictures: one that got another name is another id's.
        ids = sorted(self.found.id_of.items())
        self.fingerprint: dict[str, Any] = {
            "source": self._source.digest,
            "format": self._source.format,
            "pictures": sha256(json.dumps(ids).encode()).hexdigest(),
        }

    def load(self, source: Picture) -> _Loaded:
        if source.key not in self.found.id_of:
            raise UserError(f"{self._path} was never asked for the picture {source.name}")
        image = source.open()
        found = self._source.read(self.found.id_of[source.key])
        return _Loaded(found, (image.height, image.width))

    def group(self, item: _Loaded) -> Hashable:
        return None

    def encode(self, batch: Sequence[_Loaded]) -> list[Row]:
        return [self._row(item.found, item.size) for item in batch]

    def _row(self, found: FoundRegions, size: Size) -> Row:
        kept = min(len(found.features), self._count)
        row: Row = {f.name: np.zeros(f.shape, f.dtype) for f in self.fields}
        row["features"][:kept] = found.features[:kept]
        if found.boxes is not None:
            height, width = found.size or size
            scale = np.array([size[1] / width, size[0] / height] * 2, dtype=np.float32)
            row["boxes"][:kept] = found.boxes[:kept] * scale
        row["scores"][:kept] = 1 - np.arange(kept, dtype=np.float32) / self._count
        row["classes"][:kept] = 1
        row["mask"][:kept] = True
        row["size"][:] = size
        return row
