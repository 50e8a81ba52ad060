"""All pairs with their features in memory; a batch is a selection of rows."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from pipeline import paths
from pipeline.errors import UserError
from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures, SceneFeatures
from pipeline.params import ModelParams
from pipeline.training.batching import Rows, ordered_batches, shuffled_batches
from pipeline.training.encoders import digest
from pipeline.training.pictures import RegionVectors, SceneVectors
from pipeline.training.words import WordVectors

REGION_NAMES = ("regions", "region_mask")
SCENE_NAMES = ("pooled", "grid")


@dataclass(frozen=True)
class PairBatch:
    """B pairs, padded to their longest text.

    inputs: by the names that models give them, what was loaded of: regions (B, K, D_r),
    region_mask (B, K) bool, pooled (B, D), grid (B, cells, C), words (B, L, D_w),
    word_mask (B, L) bool; float32 where not bool. labels: (B,) int64.
    """

    inputs: dict[str, Tensor]
    labels: Tensor


class PairFeatures:
    """Pairs of all splits, with features of their pictures and their texts' words.

    ids: n pair ids. labels: (n,) class indices. regions: K and D_r of a picture. word_dim: D_w.
    scene_dims: widths of `pooled` and `grid`, where loaded.
    fingerprints: feature file name -> what its rows were computed with.
    """

    def __init__(
        self,
        pairs: pd.DataFrame,
        labels: Sequence[str],
        regions: RegionFeatures | None,
        words: Sequence[GloveFeatures | BertFeatures],
        order: str,
        scenes: SceneFeatures | None = None,
        scene_names: Sequence[str] = (),
    ) -> None:
        """Join a table like pairs.parquet with feature files, by key.

        Args:
            pairs: columns id, split, label, image_key, text_key; new posts have no label, and then
                every class is -1.
            labels: class names; a class is the index of its name here.
            regions: the regions of every picture, for models that read them.
            words: one or two files of word vectors; a word gets theirs side by side.
            order: conf | area | raster, see `region_order`.
            scenes: vector and grid of every picture, for models that read them.
            scene_names: of `pooled` and `grid`, those to keep.

        Raises:
            UserError: a key has no row, a label is unknown, or the files disagree.
        """
        self.ids: list[str] = pairs["id"].tolist()
        self.labels = _class_indices(pairs, labels)
        files = [file for file in (regions, scenes, *words) if file]
        self.fingerprints = {file.path.name: file.fingerprint for file in files}
        self._splits = pairs["split"].to_numpy()
        self._words = WordVectors(pairs["text_key"].tolist(), words)
        self.word_dim = self._words.width
        self._pictures: list[RegionVectors | SceneVectors] = []
        self.region_count = self.region_dim = 0
        self.scene_dims: dict[str, int] = {}
        keys = pairs["image_key"].tolist()
        if regions:
            self.region_count, self.region_dim = regions.features.shape[1:]
            self._pictures.append(RegionVectors(keys, regions, order))
        if scenes:
            vectors = SceneVectors(keys, scenes, scene_names)
            self.scene_dims = vectors.widths
            self._pictures.append(vectors)
        self._device = torch.device("cpu")

    @property
    def encoders(self) -> dict[str, str]:
        """Feature file name -> sha256 of its fingerprint."""
        return {name: digest(fingerprint) for name, fingerprint in self.fingerprints.items()}

    @classmethod
    def load(
        cls,
        labels: Sequence[str],
        model: ModelParams,
        pairs: Path = paths.PAIRS,
        regions: Path = paths.REGIONS,
        glove: Path = paths.GLOVE,
        bert: Path = paths.BERT,
        scenes: Path = paths.SCENES,
        names: Sequence[str] = REGION_NAMES,
    ) -> Self:
        """Read what `prepare` and the extraction stages wrote.

        `model` says which text vectors; `names`, which features of pictures: see `features_of`.
        """
        if not pairs.exists():
            raise UserError(f"{pairs} not found; run the stage that writes it (dvc repro)")
        scene_names = [name for name in SCENE_NAMES if name in names]
        return cls(
            pd.read_parquet(pairs),
            labels,
            RegionFeatures.read(regions) if "regions" in names else None,
            read_words(model.text, glove, bert),
            model.region_order,
            SceneFeatures.read(scenes) if scene_names else None,
            scene_names,
        )

    def to(self, device: torch.device) -> Self:
        """Keep features on a device, where batches are then made."""
        self._words.to(device)
        for vectors in self._pictures:
            vectors.to(device)
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

    def slots(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Which of its picture's regions fills each slot of a pair, (B, K)."""
        return self._regions.slots(torch.from_numpy(rows).to(self._device)).cpu().numpy()

    def region_moments(self, split: str) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (D_r,) of the region features of a split's pictures."""
        return self._regions.moments(torch.from_numpy(self.rows(split)).to(self._device))

    @property
    def _regions(self) -> RegionVectors:
        (regions,) = (part for part in self._pictures if isinstance(part, RegionVectors))
        return regions

    def relabelled(self, labels: Rows) -> Self:
        """The same pairs with other class indices (n,); features are shared, not copied."""
        other = copy(self)
        other.labels = labels
        return other

    def without(self, rows: Rows) -> Self:
        """The same pairs, of which these rows are in no split; features are shared."""
        other = copy(self)
        other._splits = self._splits.copy()
        other._splits[rows] = "unused"
        return other

    def gather(self, rows: Rows) -> PairBatch:
        """The pairs of these rows as one batch."""
        pairs = torch.from_numpy(rows).to(self._device)
        lengths = self._words.lengths[rows]
        words, word_mask = self._words.gather(
            pairs, torch.from_numpy(lengths).to(self._device), int(lengths.max())
        )
        inputs = {"words": words, "word_mask": word_mask}
        for vectors in self._pictures:
            inputs |= vectors.gather(pairs)
        return PairBatch(inputs, torch.from_numpy(self.labels[rows]).to(self._device))


def read_words(
    text: str, glove: Path = paths.GLOVE, bert: Path = paths.BERT
) -> list[GloveFeatures | BertFeatures]:
    """The files of word vectors that `model.text` names, in the order in which they are joined."""
    words: list[GloveFeatures | BertFeatures] = []
    if "glove" in text:
        words.append(GloveFeatures.read(glove))
    if "bert" in text:
        words.append(BertFeatures.read(bert))
    return words


def require_encoders(features: PairFeatures, trained_with: dict[str, str]) -> None:
    """Stop unless features come from the encoders that a model was trained with.

    Raises:
        UserError: they do not.
    """
    for name, found in features.encoders.items():
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
