"""All pairs with their features; a batch is a selection of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from pipeline.dataset.arrays import FeatureFiles, PairArrays
from pipeline.errors import UserError
from pipeline.features.batches import Rows, mixed_batches, ordered_batches, shuffled_batches
from pipeline.files import digest


@dataclass(frozen=True)
class PairBatch:
    """B pairs, padded to their longest text.

    inputs: features by their names in `forward`, as far as they were loaded: regions (B, K, D_r),
    region_mask (B, K) bool, pooled (B, D), grid (B, cells, C), scene_mask (B,) bool,
    words (B, L, D_w), word_mask (B, L) bool; float32 where not bool. lengths (B,) int64, words of
    each text, stay on the host, so that no network must wait for them. labels: (B,) int64.
    """

    inputs: dict[str, Tensor]
    labels: Tensor


@dataclass
class PairFeatures:
    """n pairs of all splits, with the features of their images and words.

    splits: (n,) str. labels: (n,) class indices, all -1 for pairs without labels.
    """

    ids: list[str]
    splits: npt.NDArray[Any]
    labels: Rows
    image_keys: list[str]
    text_keys: list[str]
    arrays: PairArrays

    @classmethod
    def join(
        cls,
        pairs: pd.DataFrame,
        labels: Sequence[str],
        files: FeatureFiles,
        order: str,
        names: Sequence[str] = (),
        memory: int | None = None,
    ) -> Self:
        """Join a table like pairs.parquet with feature files, by key.

        pairs: columns id, split, image_key, text_key; label, except for new posts. labels: class
        names; a class is the index of its name here. order, names, memory: see `PairArrays`.

        Raises:
            UserError: a key has no row, a label is unknown, or the files disagree.
        """
        indices = _class_indices(pairs, labels)
        image_keys, text_keys = pairs["image_key"].tolist(), pairs["text_key"].tolist()
        arrays = PairArrays(image_keys, text_keys, files, order, names, memory)
        splits = pairs["split"].to_numpy()
        return cls(pairs["id"].tolist(), splits, indices, image_keys, text_keys, arrays)

    @property
    def digest(self) -> str:
        """A sha256 of what is trained on: pairs, splits, labels, and the features' fingerprints."""
        columns = {
            "id": self.ids,
            "split": self.splits.tolist(),
            "label": self.labels.tolist(),
            "image_key": self.image_keys,
            "text_key": self.text_keys,
        }
        return digest({"pairs": columns, "features": self.arrays.fingerprints})

    def to(self, device: torch.device, memory: int | None = None) -> Self:
        """Make batches on a device; arguments are those of `PairArrays.to`."""
        self.arrays.to(device, memory)
        return self

    def rows(self, split: str) -> Rows:
        """The row numbers of a split's pairs, in the table's order.

        Raises:
            UserError: it has none.
        """
        rows = np.flatnonzero(self.splits == split)
        if not len(rows):
            raise UserError(f"the corpus has no pairs in its {split!r} split")
        return rows

    def relabelled(self, labels: Rows) -> Self:
        """The same pairs with other class indices (n,); features are shared, not copied."""
        return replace(self, labels=labels)

    def without(self, rows: Rows) -> Self:
        """The same pairs with these rows in no split; features are shared."""
        splits = self.splits.copy()
        splits[rows] = "unused"
        return replace(self, splits=splits)

    def batches(
        self,
        split: str,
        size: int,
        rng: np.random.Generator | None = None,
        mixed: bool = False,
    ) -> list[Rows]:
        """Row numbers of a split's batches: shuffled by `rng`, else by rising length.

        mixed: whether a shuffled batch has texts of all lengths, else of similar ones, which is
        faster.

        Raises:
            UserError: the split has no pairs.
        """
        rows = self.rows(split)
        lengths = self.arrays.lengths[rows]
        if rng is None:
            return ordered_batches(rows, lengths, size)
        places = self.arrays.places(rows)
        if mixed:
            return mixed_batches(rows, size, rng, places)
        return shuffled_batches(rows, lengths, size, rng, places)

    def gather(self, rows: Rows) -> PairBatch:
        """The pairs of these rows as one batch."""
        return PairBatch(self.arrays.gather(rows), self.arrays.place(self.labels[rows]))

    def stream(self, batches: Sequence[Rows]) -> Iterator[PairBatch]:
        """Yield the batches of these rows; ahead of their use, where files are read."""
        return self.arrays.stream(self.gather, batches)


def require_encoders(features: PairFeatures, trained_with: dict[str, str]) -> None:
    """Check that features come from the encoders that a model was trained with.

    Raises:
        UserError: they do not.
    """
    for name, found in features.arrays.encoders.items():
        expected = trained_with.get(name, "none")
        if found != expected:
            raise UserError(
                f"the model was trained with {name} of encoder {expected}, but the file at hand"
                f" comes from encoder {found}; extract again with the same settings, or retrain"
            )


def _class_indices(pairs: pd.DataFrame, labels: Sequence[str]) -> Rows:
    if "label" not in pairs:
        return np.full(len(pairs), -1, dtype=np.int64)
    names = pairs["label"]
    indices = {name: i for i, name in enumerate(labels)}
    if unknown := sorted(set(names) - set(labels)):
        raise UserError(f"pairs have the labels {unknown}; allowed: {list(labels)}")
    return np.array([indices[name] for name in names], dtype=np.int64)
