"""All pairs with their features in memory; a batch is a selection of rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline import paths
from pipeline.errors import UserError
from pipeline.features.store import BertFeatures, Features, GloveFeatures, RegionFeatures
from pipeline.params import ModelParams
from pipeline.training.batching import Rows, ordered_batches, shuffled_batches
from pipeline.training.region_order import region_order
from pipeline.training.words import WordVectors


@dataclass(frozen=True)
class PairBatch:
    """B pairs, padded to their longest text."""

    regions: Tensor  # (B, K, D_r) float32
    region_mask: Tensor  # (B, K) bool
    words: Tensor  # (B, L, D_w) float32
    word_mask: Tensor  # (B, L) bool
    labels: Tensor  # (B,) int64

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What a model's forward takes."""
        return self.regions, self.region_mask, self.words, self.word_mask


class PairFeatures:
    """Pairs of all splits, with their pictures' regions and their texts' words.

    ids: n pair ids. labels: (n,) class indices. regions: K and D_r of a picture. word_dim: D_w.
    encoders: feature file name -> sha256 of what its rows were computed with.
    """

    def __init__(
        self,
        pairs: pd.DataFrame,
        labels: Sequence[str],
        regions: RegionFeatures,
        words: Sequence[GloveFeatures | BertFeatures],
        order: str,
    ) -> None:
        """Join a table like pairs.parquet with feature files, by key.

        Args:
            pairs: columns id, split, label, image_key, text_key.
            labels: class names; a class is the index of its name here.
            regions: the regions of every picture.
            words: one or two files of word vectors; a word gets theirs side by side.
            order: conf | area | raster, see `region_order`.

        Raises:
            UserError: a key has no row, a label is unknown, or the files disagree.
        """
        self.ids: list[str] = pairs["id"].tolist()
        self.labels = _class_indices(pairs["label"], labels)
        self.region_count, self.region_dim = regions.features.shape[1:]
        self.encoders = {file.path.name: _digest(file) for file in (regions, *words)}
        self._splits = pairs["split"].to_numpy()
        self._words = WordVectors(pairs["text_key"].tolist(), words)
        self.word_dim = self._words.width
        self._images = torch.from_numpy(regions.index(pairs["image_key"].tolist()))  # (n,)
        self._regions = torch.from_numpy(regions.features).flatten(0, 1)  # (m * K, D_r)
        self._region_mask = torch.from_numpy(regions.mask).flatten()  # (m * K,)
        self._order = torch.from_numpy(region_order(regions, order))  # (m, K)
        self._device = torch.device("cpu")

    @classmethod
    def load(
        cls,
        labels: Sequence[str],
        model: ModelParams,
        pairs: Path = paths.PAIRS,
        regions: Path = paths.REGIONS,
        glove: Path = paths.GLOVE,
        bert: Path = paths.BERT,
    ) -> Self:
        """Read what `prepare` and the extraction stages wrote; `model` says which text vectors."""
        if not pairs.exists():
            raise UserError(f"{pairs} not found; run the stage that writes it (dvc repro)")
        words: list[GloveFeatures | BertFeatures] = []
        if "glove" in model.text:
            words.append(GloveFeatures.read(glove))
        if "bert" in model.text:
            words.append(BertFeatures.read(bert))
        table = pd.read_parquet(pairs)
        return cls(table, labels, RegionFeatures.read(regions), words, model.region_order)

    def to(self, device: torch.device) -> Self:
        """Keep features on a device, where batches are then made."""
        self._words.to(device)
        for name in ("_images", "_regions", "_region_mask", "_order"):
            setattr(self, name, getattr(self, name).to(device))
        self._device = device
        return self

    def rows(self, split: str) -> Rows:
        """The row numbers of a split's pairs, in the table's order.

        Raises:
            UserError: it has none.
        """
        rows = np.flatnonzero(self._splits == split)
        if not len(rows):
            raise UserError(f"the corpus has no pairs in its {split!r} split")
        return rows

    def batches(self, split: str, size: int, rng: np.random.Generator | None = None) -> list[Rows]:
        """Row numbers of a split's batches: shuffled by `rng`, else by rising length."""
        rows = self.rows(split)
        lengths = self._words.lengths[rows]
        if rng is None:
            return ordered_batches(rows, lengths, size)
        return shuffled_batches(rows, lengths, size, rng)

    def gather(self, rows: Rows) -> PairBatch:
        """The pairs of these rows as one batch."""
        pairs = torch.from_numpy(rows).to(self._device)
        images = self._images[pairs]
        slots = images.unsqueeze(1) * self.region_count + self._order[images]  # (B, K)
        # Rows of a flat table are copied whole, which is several times faster than to index twice.
        regions = self._regions.index_select(0, slots.flatten()).float()
        lengths = self._words.lengths[rows]
        words, word_mask = self._words.gather(
            pairs, torch.from_numpy(lengths).to(self._device), int(lengths.max())
        )
        return PairBatch(
            regions=regions.view(*slots.shape, -1),
            region_mask=self._region_mask[slots],
            words=words,
            word_mask=word_mask,
            labels=torch.from_numpy(self.labels[rows]).to(self._device),
        )


def require_encoders(features: PairFeatures, trained_with: dict[str, str]) -> None:
    """Stop unless features come from the encoders that a model was trained with.

    Raises:
        UserError: they do not.
    """
    for name, digest in features.encoders.items():
        expected = trained_with.get(name, "none")
        if digest != expected:
            raise UserError(
                f"the model was trained with {name} of encoder {expected}, but the file at hand"
                f" comes from encoder {digest}; extract again with the same settings, or retrain"
            )


def _class_indices(names: "pd.Series[str]", labels: Sequence[str]) -> Rows:
    indices = {name: i for i, name in enumerate(labels)}
    if unknown := sorted(set(names) - set(labels)):
        raise UserError(f"pairs have the labels {unknown}; allowed: {list(labels)}")
    return np.array([indices[name] for name in names], dtype=np.int64)


def _digest(features: Features) -> str:
    return sha256(json.dumps(features.fingerprint, sort_keys=True).encode()).hexdigest()
