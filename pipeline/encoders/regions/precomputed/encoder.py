"""Precomputed regions as an encoder: the regions that a file has of an image, as one row."""

import json
from collections.abc import Hashable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.encoders.regions.encoder import region_fields
from pipeline.encoders.regions.precomputed.base import ImageRegions, Size
from pipeline.encoders.regions.precomputed.check import RegionCheck
from pipeline.encoders.regions.precomputed.source import ImageIds, open_source
from pipeline.encoders.rows.encoder import Row
from pipeline.encoders.rows.images import ImageEntry
from pipeline.errors import UserError
from pipeline.images.source import StoredImage


class PrecomputedEncoder:
    """The first `count` regions that a file has of an image, in its order.

    Such files have no scores, so they fall evenly from 1, which keeps the file's order. Missing
    boxes are zero.
    """

    name = "regions-precomputed"
    revision = 1  # of this package
    class_names = ("__background__", "region")
    batch_size = 1
    parallel_calls = 1

    def __init__(self, path: Path, images: Sequence[ImageEntry], count: int) -> None:
        """Open a file or folder, see `open_source`, and check it, see `RegionCheck`.

        Raises:
            UserError: it has no precomputed regions, is damaged, or lacks an image.
        """
        self._path, self._count = path, count
        self._source = open_source(path)
        self.check = RegionCheck(path, self._source, ImageIds(path, self._source), images, count)
        self.fields = region_fields(count, self._source.feature_dim)
        # With the images: a renamed image may have another id.
        ids = sorted(self.check.id_of.items())
        self.fingerprint: dict[str, Any] = {
            "source": self._source.digest,
            "format": self._source.format,
            "pictures": sha256(json.dumps(ids).encode()).hexdigest(),
        }

    def load(self, source: StoredImage) -> tuple[ImageRegions, Size]:
        if source.key not in self.check.id_of:
            raise UserError(f"{self._path} was not checked for the image {source.name}")
        image = source.open()
        return self._source.read(self.check.id_of[source.key]), (image.height, image.width)

    def group(self, item: tuple[ImageRegions, Size]) -> Hashable:
        return None

    def encode(self, batch: Sequence[tuple[ImageRegions, Size]]) -> list[Row]:
        return [self._row(found, size) for found, size in batch]

    def _row(self, found: ImageRegions, size: Size) -> Row:
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
