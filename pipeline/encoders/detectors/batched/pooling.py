"""RoIAlign of boxes on all levels of a pyramid in one call."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import MultiScaleRoIAlign, roi_align

from pipeline.encoders.detectors.batched.suppression import box_areas

# What LevelMapper adds before it rounds down.
_LEVEL_EPS = 1e-6


@dataclass(frozen=True)
class _Place:
    """Where a level's map lies in the sheet, in cells, and its pixels per cell."""

    top: int
    left: int
    stride: int


class Sheet:
    """The maps of a pyramid beside each other in one, for boxes of any level.

    The first map lies on top, the others in a row below it. RoIAlign takes what lies within half a
    cell outside a map from its last cells, so each map repeats them once, right and below; zeros
    keep it from the next one.
    """

    def __init__(self, pooler: MultiScaleRoIAlign) -> None:
        self._pooler = pooler
        self._constants: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    def lay(self, maps: Mapping[str, Tensor], canvas: tuple[int, int]) -> "LaidSheet":
        """The maps that the pooler reads; canvas: height and width of the images."""
        levels = [maps[name] for name in self._pooler.featmap_names]
        places = _places([(x.shape[2], x.shape[3]) for x in levels], canvas)
        height = max(p.top + x.shape[2] for p, x in zip(places, levels, strict=True)) + 2
        width = max(p.left + x.shape[3] for p, x in zip(places, levels, strict=True)) + 2
        first = levels[0]
        sheet = first.new_zeros((*first.shape[:2], height, width), dtype=torch.float32)
        for place, x in zip(places, levels, strict=True):
            rows = slice(place.top, place.top + x.shape[2] + 1)
            columns = slice(place.left, place.left + x.shape[3] + 1)
            sheet[:, :, rows, columns] = F.pad(x, (0, 1, 0, 1), mode="replicate")
        return LaidSheet(
            self._pooler, sheet, *self._numbers(places, first.device), places[0].stride
        )

    def _numbers(self, places: list[_Place], device: torch.device) -> tuple[Tensor, Tensor]:
        """Each level's scale (L, 1) and offset (L, 4)."""
        key = tuple(x for p in places for x in (p.top, p.left, p.stride))
        if key not in self._constants:
            scales = torch.tensor([[1 / p.stride] for p in places])
            offsets = torch.tensor([[p.left, p.top] * 2 for p in places], dtype=torch.float32)
            self._constants[key] = (scales.to(device), offsets.to(device))
        return self._constants[key]


@dataclass(frozen=True)
class LaidSheet:
    """The maps of a batch, ready for boxes."""

    pooler: MultiScaleRoIAlign
    sheet: Tensor
    scales: Tensor
    offsets: Tensor
    finest: int

    def grids(self, boxes: Tensor) -> Tensor:
        """What the pooler gives for boxes (B, N, 4): (B N, C, S, S) float32.

        Equal to the pooler's own, but for boxes narrower than a cell that reach over the border.
        """
        levels = self._levels(boxes)  # B x N
        moved = boxes * self.scales[levels] + self.offsets[levels]
        pooler = self.pooler
        found: Tensor = roi_align(
            self.sheet, numbered(moved), pooler.output_size, 1.0, pooler.sampling_ratio
        )
        return found

    def _levels(self, boxes: Tensor) -> Tensor:
        """Eq. 1 of Lin et al. (CVPR 2017), as LevelMapper computes it."""
        pooler, lowest = self.pooler, self.finest.bit_length() - 1
        scale = torch.log2(box_areas(boxes).sqrt() / pooler.canonical_scale)
        level: Tensor = (pooler.canonical_level + scale + _LEVEL_EPS).floor() - lowest
        return level.clamp(0, len(self.scales) - 1).long()


def numbered(boxes: Tensor) -> Tensor:
    """Boxes (B, N, 4) as RoIAlign takes them: (B N, 5), the image's number first."""
    numbers = torch.arange(len(boxes), device=boxes.device, dtype=boxes.dtype)
    return torch.cat([numbers[:, None, None].expand(-1, boxes.shape[1], 1), boxes], 2).flatten(0, 1)


def _places(sizes: list[tuple[int, int]], canvas: tuple[int, int]) -> list[_Place]:
    places, left = [], 0
    for i, (height, width) in enumerate(sizes):
        # A power of two, from the longer side, as a map's size is rounded up.
        ratio = max(canvas) / max(height, width)
        places.append(_Place(sizes[0][0] + 2 if i else 0, left, 1 << round(log2(ratio))))
        left = left + width + 2 if i else 0
    return places
