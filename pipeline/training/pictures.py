"""Features of pairs' pictures, as models take them."""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from pipeline.features.store import RegionFeatures, SceneFeatures
from pipeline.training.region_order import region_order

# Bounds the memory that sums over a whole split take.
_PICTURES_AT_ONCE = 256


class RegionVectors:
    """The K regions of each pair's picture, each picture found by its key."""

    def __init__(self, keys: Sequence[str], regions: RegionFeatures, order: str) -> None:
        """Look up each key; order: conf | area | raster, see `region_order`.

        Raises:
            UserError: a picture is missing in the file.
        """
        self._images = torch.from_numpy(regions.index(keys))  # (n,)
        self._regions = torch.from_numpy(regions.features).flatten(0, 1)  # (m * K, D_r)
        self._mask = torch.from_numpy(regions.mask).flatten()  # (m * K,)
        self._order = torch.from_numpy(region_order(regions, order))  # (m, K)
        self.count = self._order.shape[1]
        self.width = self._regions.shape[1]

    def to(self, device: torch.device) -> Self:
        """Keep the vectors on a device."""
        for name in ("_images", "_regions", "_mask", "_order"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def slots(self, pairs: Tensor) -> Tensor:
        """Which of its picture's regions comes first, second, ... (B, K) of these rows."""
        return self._order[self._images[pairs]]

    def gather(self, pairs: Tensor) -> dict[str, Tensor]:
        """regions (B, K, D_r) float32 and region_mask (B, K) of these rows."""
        slots = self._images[pairs].unsqueeze(1) * self.count + self.slots(pairs)  # (B, K)
        # Rows of a flat table are copied whole, which is several times faster than to index twice.
        regions = self._regions.index_select(0, slots.flatten()).float()
        return {"regions": regions.view(*slots.shape, -1), "region_mask": self._mask[slots]}

    def moments(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (D_r,) over all regions of these rows' pictures."""
        images = torch.unique(self._images[pairs])  # sorted
        count, total, squares = 0, torch.zeros(1), torch.zeros(1)
        for part in images.split(_PICTURES_AT_ONCE):
            slots = (part.unsqueeze(1) * self.count + self._order[part]).flatten()
            values = self._regions[slots[self._mask[slots]]].double()  # (valid, D_r)
            count += len(values)
            total = total.to(values) + values.sum(0)
            squares = squares.to(values) + values.square().sum(0)
        mean = total / max(count, 1)
        variance = (squares / max(count, 1) - mean.square()).clamp(min=0)
        return mean.float(), variance.sqrt().float()


class SceneVectors:
    """One vector and one grid of each pair's picture; only those that are asked for are kept."""

    def __init__(self, keys: Sequence[str], scenes: SceneFeatures, names: Sequence[str]) -> None:
        """Look up each key; names: of `pooled` and `grid`, those wanted.

        Raises:
            UserError: a picture is missing in the file.
        """
        self._images = torch.from_numpy(scenes.index(keys))  # (n,)
        self._values = {name: torch.from_numpy(getattr(scenes, name)) for name in names}
        self.widths = {name: values.shape[-1] for name, values in self._values.items()}

    def to(self, device: torch.device) -> Self:
        """Keep the vectors on a device."""
        self._images = self._images.to(device)
        self._values = {name: values.to(device) for name, values in self._values.items()}
        return self

    def gather(self, pairs: Tensor) -> dict[str, Tensor]:
        """pooled (B, D) or grid (B, cells, C) of these rows, float32."""
        images = self._images[pairs]
        return {name: values[images].float() for name, values in self._values.items()}
