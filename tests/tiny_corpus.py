"""A drawn corpus of pairs with feature files, small enough to learn in a blink."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.reading import load_pairs
from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures, create_store
from pipeline.params.project import ModelParams
from tests.tiny import tiny_params

LABELS = ["irrelevant", "implicit", "explicit"]
SIZES = {"train": 60, "dev": 21, "test": 24}
K, D_R, D_G, D_B = 5, 6, 4, 3
D_POOLED, CELLS, D_GRID = 7, 4, 3


@dataclass
class TinyCorpus:
    """Pairs whose label can be learned from images and texts together.

    An image's and a text's type stand in their features; the label is their sum modulo 3.
    """

    pairs: pd.DataFrame
    regions: dict[str, Any]
    scenes: dict[str, Any]
    glove: dict[str, Any]
    bert: dict[str, Any]
    image_keys: list[str]
    text_keys: list[str]

    def write(self, folder: Path) -> None:
        """Write pairs.parquet and the feature files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.pairs.to_parquet(folder / "pairs.parquet", index=False)
        for name, keys, arrays in (
            ("regions", self.image_keys, self.regions),
            ("scenes", self.image_keys, self.scenes),
            ("glove", self.text_keys, self.glove),
            ("bert", self.text_keys, self.bert),
        ):
            fingerprint = json.dumps({"encoder": name})
            with create_store(folder / f"{name}.h5", keys, fingerprint) as file:
                for dataset, values in arrays.items():
                    file[dataset] = values
                if name == "regions":
                    file.attrs["class_names"] = json.dumps(["thing"])
                if name == "scenes":
                    file.attrs["grid_shape"] = (2, CELLS // 2)

    def features(self, folder: Path, changes: Mapping[str, Any] | None = None) -> PairFeatures:
        """Write the files and load them, with `changes` to the defaults of params.yaml."""
        self.write(folder)
        return load(folder, tiny_params(changes).model)


def load(
    folder: Path,
    model: ModelParams,
    names: Sequence[str] | None = None,
    memory: int | None = None,
) -> PairFeatures:
    files = {name: folder / f"{name}.h5" for name in ("regions", "scenes", "glove", "bert")}
    return load_pairs(
        LABELS, model, pairs=folder / "pairs.parquet", **files, names=names, memory=memory
    )


def read(folder: Path) -> tuple[RegionFeatures, GloveFeatures, BertFeatures]:
    """The three files as their readers give them."""
    return (
        RegionFeatures.read(folder / "regions.h5"),
        GloveFeatures.read(folder / "glove.h5"),
        BertFeatures.read(folder / "bert.h5"),
    )


def tiny_corpus(seed: int = 0) -> TinyCorpus:
    rng = np.random.default_rng(seed)
    total = sum(SIZES.values())
    image_type, text_type = rng.integers(0, 3, total), rng.integers(0, 3, total)
    lengths = rng.integers(1, 8, total)
    split = np.repeat(list(SIZES), list(SIZES.values()))
    pairs = pd.DataFrame(
        {
            "id": [f"p{i}" for i in range(total)],
            "split": split,
            "label": [LABELS[i] for i in (image_type + text_type) % 3],
            "image_key": [f"image{i:03}" for i in range(total)],
            "text_key": [f"text{i:03}" for i in range(total)],
        }
    )
    # Files keep their own order: nothing may be joined by position.
    image_rows, text_rows = rng.permutation(total), rng.permutation(total)
    return TinyCorpus(
        pairs=pairs,
        regions=_regions(rng, image_type[image_rows]),
        **_texts(rng, text_type[text_rows], lengths[text_rows]),
        scenes=_scenes(rng, image_type[image_rows]),
        image_keys=pairs["image_key"].iloc[image_rows].tolist(),
        text_keys=pairs["text_key"].iloc[text_rows].tolist(),
    )


def _regions(rng: np.random.Generator, types: Any) -> dict[str, Any]:
    n = len(types)
    features = rng.normal(scale=0.1, size=(n, K, D_R))
    features[np.arange(n), :, types] += 1
    corner = rng.uniform(0, 50, (n, K, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 50, (n, K, 2))], axis=-1)
    mask = rng.random((n, K)) < 0.9
    mask[0] = False
    return {
        "features": (features * mask[..., None]).astype("f2"),
        "boxes": boxes.astype("f4"),
        "scores": rng.random((n, K)).astype("f4"),
        "classes": np.zeros((n, K), "i2"),
        "mask": mask,
        "size": np.full((n, 2), 100, "i4"),
        "status": np.zeros(n, "u1"),
    }


def _texts(rng: np.random.Generator, types: Any, lengths: Any) -> dict[str, Any]:
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype("i8")
    of_word = np.repeat(types, lengths)
    vectors = rng.normal(scale=0.1, size=(len(of_word), D_B))
    vectors[np.arange(len(of_word)), of_word] += 1
    vocabulary = [f"word{i}" for i in range(9)]
    glove = {
        "vocabulary": vocabulary,
        "vectors": rng.normal(size=(9, D_G)).astype("f4"),
        "known": np.ones(9, bool),
        "word_ids": rng.integers(0, 9, len(of_word)).astype("i4"),
        "offsets": offsets,
    }
    bert = {
        "vectors": vectors.astype("f2"),
        "empty": np.zeros(len(of_word), bool),
        "offsets": offsets.copy(),
    }
    return {"glove": glove, "bert": bert}


def _scenes(rng: np.random.Generator, types: Any) -> dict[str, Any]:
    pooled = rng.normal(scale=0.1, size=(len(types), D_POOLED))
    grid = rng.normal(scale=0.1, size=(len(types), CELLS, D_GRID))
    pooled[np.arange(len(types)), types] += 1
    grid[np.arange(len(types)), :, types] += 1
    return {
        "pooled": pooled.astype("f2"),
        "grid": grid.astype("f2"),
        "status": np.zeros(len(types), "u1"),
    }
