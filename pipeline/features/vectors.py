"""Feature files' rows as tensors (padded words, ordered regions, scenes), and batches by length.

Words are x_j = [GloVe(w_j); BERT(w_j)] of Eq. 4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.errors import UserError
from pipeline.features.store import (
    OK,
    BertFeatures,
    Features,
    GloveFeatures,
    RegionFeatures,
    SceneFeatures,
)

Lengths = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

# Pairs are sorted by length within this many batches: enough for little padding, few enough that
# each epoch has other batches.
_BATCHES_PER_CHUNK = 16

# Limits the memory of sums over a whole split.
_IMAGES_AT_ONCE = 256


@dataclass(frozen=True)
class _Source:
    """The vectors of one feature file: word j of pair i is table[ids[first[i] + j]]."""

    table: Tensor  # (V, D)
    ids: Tensor  # (T,)
    first: Tensor  # (n,)

    @classmethod
    def of(cls, features: GloveFeatures | BertFeatures, rows: Lengths) -> Self:
        if isinstance(features, GloveFeatures):
            ids = torch.from_numpy(features.word_ids.astype(np.int64))
        else:
            ids = torch.arange(len(features.vectors))
        first = torch.from_numpy(features.offsets[rows].astype(np.int64))
        return cls(torch.from_numpy(features.vectors), ids, first)

    def to(self, device: torch.device) -> Self:
        return type(self)(*(value.to(device) for value in (self.table, self.ids, self.first)))


class WordVectors:
    """The words of each pair's text, looked up by the text's key.

    lengths: (n,) words per pair. width: D_w, the sum of the files' widths.
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
        self._sources = [_Source.of(file, row) for file, row in zip(files, rows, strict=True)]

    def to(self, device: torch.device) -> None:
        self._sources = [source.to(device) for source in self._sources]

    def select(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Words (B, L, D_w) and mask (B, L) of some texts, L the length of the longest of them."""
        lengths, device = self.lengths[rows], self._sources[0].table.device
        numbers, counts = (torch.tensor(each, device=device) for each in (rows, lengths))
        return self.gather(numbers, counts, int(lengths.max()))

    def means(self, rows: Rows) -> Tensor:
        """The mean of each text's word vectors in the last file, (B, D) float32."""
        source, lengths = self._sources[-1], self.lengths[rows]
        device, width = source.table.device, source.table.shape[1]
        numbers, counts = (torch.tensor(each, device=device) for each in (rows, lengths))
        total = torch.zeros(len(rows), width, device=device)
        for place in range(int(counts.max())):
            there = place < counts  # (B,)
            words = source.first[numbers[there]] + place
            total[there] += source.table[source.ids[words]].float()
        return total / counts.unsqueeze(1)

    def gather(self, pairs: Tensor, lengths: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """Words (B, longest, D_w) float32, zero on padding, and their mask (B, longest)."""
        place = torch.arange(longest, device=pairs.device)
        mask = place < lengths.unsqueeze(1)  # (B, L)
        parts = []
        for source in self._sources:
            # Padding reads the text's first word, which is then masked.
            words = source.first[pairs].unsqueeze(1) + place * mask  # (B, L)
            parts.append(source.table[source.ids[words]].float())  # (B, L, D)
        return torch.cat(parts, dim=-1) * mask.unsqueeze(-1), mask


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
    """The K regions of each pair's image, looked up by the image's key."""

    def __init__(self, keys: Sequence[str], regions: RegionFeatures, order: str) -> None:
        """Look up each key; order: conf | area | raster, see `region_order`.

        Raises:
            UserError: the file lacks an image.
        """
        self._images = torch.from_numpy(regions.index(keys))  # (n,)
        self._regions = torch.from_numpy(regions.features).flatten(0, 1)  # (m * K, D_r)
        self._mask = torch.from_numpy(regions.mask).flatten()  # (m * K,)
        self._order = torch.from_numpy(region_order(regions, order))  # (m, K)
        self.count = self._order.shape[1]
        self.width = self._regions.shape[1]

    def to(self, device: torch.device) -> Self:
        for name in ("_images", "_regions", "_mask", "_order"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def slots(self, pairs: Tensor) -> Tensor:
        """The order of these rows' regions: (B, K) indices into those of their images."""
        return self._order[self._images[pairs]]

    def gather(self, pairs: Tensor) -> dict[str, Tensor]:
        """regions (B, K, D_r) float32 and region_mask (B, K) of these rows."""
        slots = self._images[pairs].unsqueeze(1) * self.count + self.slots(pairs)  # (B, K)
        # Rows of a flat table are copied whole, several times faster than indexing twice.
        regions = self._regions.index_select(0, slots.flatten()).float()
        return {"regions": regions.view(*slots.shape, -1), "region_mask": self._mask[slots]}

    def moments(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (D_r,) over all regions of these rows' images."""
        images = torch.unique(self._images[pairs])  # sorted
        return _moments(self._valid(part) for part in images.split(_IMAGES_AT_ONCE))

    def _valid(self, images: Tensor) -> Tensor:
        """The regions that these images have, (valid, D_r)."""
        slots = (images.unsqueeze(1) * self.count + self._order[images]).flatten()
        return self._regions[slots[self._mask[slots]]]


class SceneVectors:
    """The pooled vector and the grid of each pair's image, or one of the two."""

    def __init__(self, keys: Sequence[str], scenes: SceneFeatures, names: Sequence[str]) -> None:
        """Look up each key; names: `pooled`, `grid` and `scene_mask` are kept if among them.

        Raises:
            UserError: the file lacks an image.
        """
        self._images = torch.from_numpy(scenes.index(keys))  # (n,)
        self._mask = torch.from_numpy(scenes.status == OK)  # (m,)
        self._masked = "scene_mask" in names
        known = {"pooled": scenes.pooled, "grid": scenes.grid}
        self._values = {
            name: torch.from_numpy(values) for name, values in known.items() if name in names
        }
        self.cells = scenes.grid.shape[1] if "grid" in names else 0
        self.widths = {name: values.shape[-1] for name, values in self._values.items()}

    def to(self, device: torch.device) -> Self:
        self._images, self._mask = self._images.to(device), self._mask.to(device)
        self._values = {name: values.to(device) for name, values in self._values.items()}
        return self

    def gather(self, pairs: Tensor) -> dict[str, Tensor]:
        """pooled (B, D) and grid (B, cells, C) of these rows, float32, and scene_mask (B,)."""
        images = self._images[pairs]
        mask = {"scene_mask": self._mask[images]} if self._masked else {}
        return {name: values[images].float() for name, values in self._values.items()} | mask

    def moments(self, pairs: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation (D,) of `pooled` and (C,) of `grid`, over all vectors of
        these rows' readable images."""
        images = torch.unique(self._images[pairs])  # sorted
        parts = images[self._mask[images]].split(_IMAGES_AT_ONCE)
        return {
            name: _moments(values[part].flatten(0, -2) for part in parts)
            for name, values in self._values.items()
        }


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
    x1, y1, x2, y2 = np.moveaxis(regions.boxes.astype(np.float64), -1, 0)  # (n, K) each
    area, score = (x2 - x1) * (y2 - y1), regions.scores
    if by == "conf":
        keys = [-score, -area, x1]
    elif by == "area":
        keys = [-area, -score, x1]
    else:
        height = np.maximum(regions.size[:, :1], 1)  # (n, 1)
        lines = round(regions.boxes.shape[1] ** 0.5)
        line = np.floor((y1 + y2) / 2 / height * lines)
        keys = [line, x1 + x2, -score]
    # np.lexsort takes the most important key last.
    order: npt.NDArray[np.int64] = np.lexsort([*keys[::-1], ~regions.mask], axis=-1)
    return order


def ordered_batches(rows: Rows, lengths: Rows, size: int) -> list[Rows]:
    """All of `rows` in batches, shortest text first; lengths[i] belongs to rows[i]."""
    return _cut(rows[np.argsort(lengths, kind="stable")], size)


def mixed_batches(rows: Rows, size: int, rng: np.random.Generator) -> list[Rows]:
    """All of `rows` in random batches of whatever lengths; only the last may be smaller."""
    return _cut(rows[rng.permutation(len(rows))], size)


def shuffled_batches(rows: Rows, lengths: Rows, size: int, rng: np.random.Generator) -> list[Rows]:
    """All of `rows` in random batches of similar lengths; only one may be smaller than `size`."""
    order = rng.permutation(len(rows))
    chunks = _cut(order, size * _BATCHES_PER_CHUNK)
    batches = [
        batch
        for chunk in chunks
        for batch in _cut(chunk[np.argsort(lengths[chunk], kind="stable")], size)
    ]
    return [rows[batches[i]] for i in rng.permutation(len(batches))]


def _cut(rows: Rows, size: int) -> list[Rows]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
