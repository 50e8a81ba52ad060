"""Feature files' rows as tensors: padded words, ordered regions, scenes.

Words are x_j = [GloVe(w_j); BERT(w_j)] of Eq. 4. What finds rows is on the host, so that no device
is waited for; only selected vectors go to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.core.device import on_device
from pipeline.errors import UserError
from pipeline.features.batches import Lengths, Rows, cut
from pipeline.features.store import (
    OK,
    BertFeatures,
    Features,
    GloveFeatures,
    RegionFeatures,
    SceneFeatures,
)
from pipeline.features.tables import CPU, Table, members

Mask = npt.NDArray[np.bool_]

# Limit the memory of what is computed of a whole split or file.
_IMAGES_AT_ONCE = 256
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class _Source:
    """The vectors of one feature file: word j of pair i is table[first[i] + j], by its number in
    `ids` where the file has one vector for all places of a word."""

    table: Table  # (V, D)
    ids: Rows | None  # (T,)
    first: Rows  # (n,)

    @classmethod
    def of(cls, features: GloveFeatures | BertFeatures, rows: Rows) -> Self:
        ids = features.word_ids.astype(np.int64) if isinstance(features, GloveFeatures) else None
        return cls(Table(features.vectors), ids, features.offsets[rows].astype(np.int64))

    def select(self, words: Rows) -> Tensor:
        """The vectors (..., D) of words by their place in the file."""
        return self.table.select(words if self.ids is None else self.ids[words])


class WordVectors:
    """The words of each pair's text, looked up by the text's key.

    lengths: (n,) words per pair. width: D_w, the sum of the files' widths. places: (n,) rows of the
    last file.
    """

    def __init__(self, keys: Sequence[str], files: Sequence[GloveFeatures | BertFeatures]) -> None:
        """Look up each key in each of the files.

        Raises:
            UserError: a file lacks a text, or files have different numbers of words for it.
        """
        rows = [file.index(keys) for file in files]
        counts = [np.diff(file.offsets)[row] for file, row in zip(files, rows, strict=True)]
        for file, count in zip(files[1:], counts[1:], strict=True):
            _check_agreement(keys, files[0], counts[0], file, count)
        self.lengths: Lengths = counts[0].astype(np.int64)
        self.width = sum(file.vectors.shape[1] for file in files)
        self.places: Rows = rows[-1]
        self._sources = [_Source.of(file, row) for file, row in zip(files, rows, strict=True)]
        self._device = CPU

    @property
    def tables(self) -> list[Table]:
        return [source.table for source in self._sources]

    def to(self, device: torch.device, resident: bool = True) -> None:
        """Give vectors on a device; resident: see `Table.to`."""
        self._device = device
        for table in self.tables:
            table.to(device, resident)

    def gather(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Words (B, L, D_w) and mask (B, L) of some texts, see `select`, both on the device."""
        return self.select(rows), on_device(torch.from_numpy(self.mask(rows)), self._device)

    def mask(self, rows: Rows) -> Mask:
        """Which words there are, (B, L), on the host; L is the length of the longest text."""
        lengths = self.lengths[rows]
        found: Mask = np.arange(lengths.max()) < lengths[:, None]
        return found

    def select(self, rows: Rows) -> Tensor:
        """Words (B, L, D_w) float32 of some texts, zero on padding."""
        mask = self.mask(rows)
        place = np.arange(mask.shape[1])
        # Padding reads the text's first word, which is then masked.
        parts = [
            source.select(source.first[rows][:, None] + place * mask).float()
            for source in self._sources
        ]  # (B, L, D)
        word_mask = on_device(torch.from_numpy(mask), self._device)
        return torch.cat(parts, dim=-1) * word_mask.unsqueeze(-1)

    def means(self, rows: Rows) -> Tensor:
        """The mean of each text's word vectors in the last file, (B, D) float32."""
        source = self._sources[-1]
        means = torch.zeros(len(rows), source.table.shape[1], device=self._device)
        # As they lie in the file, which is read once from front to back.
        for part in cut(np.argsort(source.first[rows], kind="stable"), _ROWS_AT_ONCE):
            means[on_device(torch.from_numpy(part), self._device)] = self._means(source, rows[part])
        return means

    def _means(self, source: _Source, rows: Rows) -> Tensor:
        first, lengths = source.first[rows], self.lengths[rows]
        total = torch.zeros(len(rows), source.table.shape[1], device=self._device)
        for place in range(int(lengths.max())):
            there = np.flatnonzero(place < lengths)
            words = source.select(first[there] + place).float()
            total[on_device(torch.from_numpy(there), self._device)] += words
        return total / on_device(torch.from_numpy(lengths), self._device).unsqueeze(1)

    def read_in_advance(self, rows: Rows) -> None:
        """Bring some texts' vectors nearer, see `Table.read_in_advance`."""
        for source in self._sources:
            if source.ids is None:  # else: few vectors for many texts
                first, lengths = source.first[rows], self.lengths[rows]
                ends = np.cumsum(lengths)
                of_text = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
                source.table.read_in_advance(np.unique(np.repeat(first, lengths) + of_text))


def _check_agreement(
    keys: Sequence[str], one: Features, expected: Any, other: Features, found: Any
) -> None:
    wrong = np.flatnonzero(expected != found)
    if len(wrong):
        i = wrong[0]
        raise UserError(
            f"text {keys[i]} has {expected[i]} words in {one.path} but {found[i]} in {other.path};"
            " run both stages again on the same texts.parquet"
        )


class RegionVectors:
    """The K regions of each pair's image, looked up by the image's key.

    places: (n,) rows of the file. count, width: K and D_r.
    """

    def __init__(self, keys: Sequence[str], regions: RegionFeatures, order: str) -> None:
        """Look up each key; order: conf | area | raster, see `region_order`.

        Raises:
            UserError: the file lacks an image.
        """
        self.places: Rows = regions.index(keys)
        self.table = Table(regions.features)  # (m * K, D_r)
        self._mask: Mask = regions.mask.reshape(-1)  # (m * K,)
        self._order = region_order(regions, order)  # (m, K)
        self.count, self.width = self._order.shape[1], self.table.shape[1]
        self._device = CPU

    @property
    def tables(self) -> list[Table]:
        return [self.table]

    def to(self, device: torch.device, resident: bool = True) -> Self:
        """Give vectors on a device; resident: see `Table.to`."""
        self._device = device
        self.table.to(device, resident)
        return self

    def slots(self, pairs: Rows) -> Rows:
        """The order of these rows' regions: (B, K) indices into those of their images."""
        return self._order[self.places[pairs]].astype(np.int64)

    def gather(self, pairs: Rows) -> dict[str, Tensor]:
        """regions (B, K, D_r) float32 and region_mask (B, K) of these rows."""
        mask = on_device(torch.from_numpy(self.mask(pairs)), self._device)
        return {"regions": self.select(pairs), "region_mask": mask}

    def select(self, pairs: Rows) -> Tensor:
        """regions (B, K, D_r) float32 of these rows."""
        return self.table.select(self._slots(self.places[pairs])).float()

    def mask(self, pairs: Rows) -> Mask:
        """region_mask (B, K) of these rows, on the host."""
        found: Mask = self._mask[self._slots(self.places[pairs])]
        return found

    def moments(self, pairs: Rows) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (D_r,) over all regions of these rows' images."""
        images = np.unique(self.places[pairs])  # ascending: one pass over the file
        return _moments(self._valid(part) for part in cut(images, _IMAGES_AT_ONCE))

    def read_in_advance(self, pairs: Rows) -> None:
        """Bring some pairs' vectors nearer, see `Table.read_in_advance`."""
        images = np.unique(self.places[pairs])
        self.table.read_in_advance(members(images, self.count).ravel())

    def _slots(self, images: Rows) -> Rows:
        """Rows of the table (B, K)."""
        found: Rows = images[:, None] * self.count + self._order[images]
        return found

    def _valid(self, images: Rows) -> Tensor:
        """The regions that these images have, (valid, D_r)."""
        slots = self._slots(images).ravel()
        return self.table.select(slots[self._mask[slots]])


class SceneVectors:
    """The pooled vector and the grid of each pair's image, or one of the two.

    places: (n,) rows of the file. cells: of a grid. widths: of what is kept, by name.
    """

    def __init__(self, keys: Sequence[str], scenes: SceneFeatures, names: Sequence[str]) -> None:
        """Look up each key; names: `pooled`, `grid` and `scene_mask` are kept if among them.

        Raises:
            UserError: the file lacks an image.
        """
        self.places: Rows = scenes.index(keys)
        self._mask: Mask = scenes.status == OK  # (m,)
        self._masked = "scene_mask" in names
        known = {"pooled": scenes.pooled, "grid": scenes.grid}
        kept = {name: values for name, values in known.items() if name in names}
        self._tables = {name: Table(values) for name, values in kept.items()}
        self.cells = scenes.grid.shape[1] if "grid" in names else 0
        self.widths = {name: table.shape[1] for name, table in self._tables.items()}
        self._device = CPU

    @property
    def tables(self) -> list[Table]:
        return [*self._tables.values()]

    def to(self, device: torch.device, resident: bool = True) -> Self:
        """Give vectors on a device; resident: see `Table.to`."""
        self._device = device
        for table in self.tables:
            table.to(device, resident)
        return self

    def gather(self, pairs: Rows) -> dict[str, Tensor]:
        """pooled (B, D) and grid (B, cells, C) of these rows, float32, and scene_mask (B,)."""
        images = self.places[pairs]
        found = {
            name: table.select(self._places(name, images)).float()
            for name, table in self._tables.items()
        }
        if self._masked:
            found["scene_mask"] = on_device(torch.from_numpy(self._mask[images]), self._device)
        return found

    def moments(self, pairs: Rows) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation (D,) of `pooled` and (C,) of `grid`, over all vectors of
        these rows' readable images."""
        images = np.unique(self.places[pairs])  # ascending: one pass over the file
        parts = cut(images[self._mask[images]], _IMAGES_AT_ONCE)
        return {
            name: _moments(table.select(self._places(name, part).ravel()) for part in parts)
            for name, table in self._tables.items()
        }

    def read_in_advance(self, pairs: Rows) -> None:
        """Bring some pairs' vectors nearer, see `Table.read_in_advance`."""
        images = np.unique(self.places[pairs])
        for name, table in self._tables.items():
            table.read_in_advance(self._places(name, images).ravel())

    def _places(self, name: str, images: Rows) -> Rows:
        """Rows of a table: (B,) of `pooled`, (B, cells) of `grid`."""
        return images if name == "pooled" else members(images, self.cells)


def _moments(parts: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (D,) over the vectors of all parts (m, D)."""
    count, total, squares = 0, torch.zeros(1), torch.zeros(1)
    for part in parts:
        values = part.double()
        count += len(values)
        total = total.to(values) + values.sum(0)
        squares = squares.to(values) + values.square().sum(0)
    mean = total / max(count, 1)
    variance = (squares / max(count, 1) - mean.square()).clamp(min=0)
    return mean.float(), variance.sqrt().float()


def region_order(regions: RegionFeatures, by: str) -> npt.NDArray[np.int64]:
    """The order in which regions fill the slots of W_l in Eq. 18, which has one weight per slot.

    Returns (n, K) indices of each image's regions in the file, missing ones last.

    conf: by falling score, then falling area, then left to right. area: by falling box area, then
    falling score. raster: in reading order of the boxes' centres, with as many lines as a square
    grid of K cells.
    """
    order = np.empty(regions.mask.shape, np.int64)
    for start in range(0, len(order), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        # np.lexsort takes the most important key last.
        keys = _order_keys(regions, part, by)[::-1]
        order[part] = np.lexsort([*keys, ~regions.mask[part]], axis=-1)
    return order


def _order_keys(regions: RegionFeatures, part: slice, by: str) -> list[npt.NDArray[Any]]:
    """What orders the regions of some images, (m, K) each, the most important first."""
    x1, y1, x2, y2 = np.moveaxis(regions.boxes[part].astype(np.float64), -1, 0)  # (m, K) each
    area, score = (x2 - x1) * (y2 - y1), regions.scores[part]
    if by == "conf":
        return [-score, -area, x1]
    if by == "area":
        return [-area, -score, x1]
    height = np.maximum(regions.size[part, :1], 1)  # (m, 1)
    lines = round(regions.boxes.shape[1] ** 0.5)
    line = np.floor((y1 + y2) / 2 / height * lines)
    return [line, x1 + x2, -score]
