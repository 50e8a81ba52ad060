"""Feature files of random values, as large as wanted: values do not change the time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from pipeline.dataset.arrays import FeatureFiles
from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.reading import ananet_names, read_files
from pipeline.features.store import create_store
from pipeline.params.project import Params

REGIONS, REGION_DIM, GLOVE_DIM, BERT_DIM = 36, 1024, 50, 384
WORD_DIM = GLOVE_DIM + BERT_DIM

_VOCABULARY = 5000
# Rows that are drawn, and then written again and again.
_ROWS_AT_ONCE = 1024


def write_features(folder: Path, lengths: list[int], params: Params) -> None:
    """The pipeline's files for texts of these lengths, with one more pair for dev."""
    lengths = [*lengths, lengths[0]]
    count, words = len(lengths), sum(lengths)
    keys = [str(i) for i in range(count)]
    labels = [params.corpus.labels[i % 3] for i in range(count)]
    pairs = pd.DataFrame({"id": keys, "split": ["train"] * (count - 1) + ["dev"], "label": labels})
    pairs.assign(image_key=keys, text_key=keys).to_parquet(folder / "pairs.parquet")
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    with create_store(folder / "regions.h5", keys, "{}") as file:
        file.attrs["class_names"] = json.dumps(["__background__", "thing"])
        _write_random(file, "features", count, REGIONS, REGION_DIM)
        file["boxes"] = np.zeros((count, REGIONS, 4), np.float32)
        file["scores"] = np.ones((count, REGIONS), np.float32)
        file["classes"] = np.ones((count, REGIONS), np.int16)
        file["mask"] = np.ones((count, REGIONS), bool)
        file["size"] = np.full((count, 2), 224, np.int32)
        file["status"] = np.zeros(count, np.uint8)
    with create_store(folder / "glove.h5", keys, "{}") as file:
        file["vocabulary"] = [f"{i:04}" for i in range(_VOCABULARY)]
        file["vectors"] = random_values(0, _VOCABULARY, GLOVE_DIM).astype(np.float32)
        file["known"] = np.ones(_VOCABULARY, bool)
        file["word_ids"] = np.arange(words, dtype=np.int32) % _VOCABULARY
        file["offsets"] = offsets
    with create_store(folder / "bert.h5", keys, "{}") as file:
        _write_random(file, "vectors", words, BERT_DIM)
        file["empty"] = np.zeros(words, bool)
        file["offsets"] = offsets


def _write_random(file: h5py.File, name: str, rows: int, *shape: int) -> None:
    dataset = file.create_dataset(name, (rows, *shape), np.float16)
    drawn = random_values(0, _ROWS_AT_ONCE, *shape)
    for start in range(0, rows, _ROWS_AT_ONCE):
        part = drawn[: rows - start]
        dataset[start : start + len(part)] = part


def random_values(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32).astype(np.float16)


def load_features(
    folder: Path, params: Params, memory: int | None = None, copied: bool = False
) -> PairFeatures:
    """What `write_features` wrote.

    memory: bytes in place of the machine's. copied: read all values into the process's memory, in
    place of mapping them.
    """
    paths = (folder / f"{name}.h5" for name in ("regions", "glove", "bert"))
    files = read_files(params.model, *paths)
    if copied:
        files = _copied(files)
    table, order = pd.read_parquet(folder / "pairs.parquet"), params.model.region_order
    names = ananet_names(params.model)
    return PairFeatures.join(table, params.corpus.labels, files, order, names, memory)


def _copied(files: FeatureFiles) -> FeatureFiles:
    words: list[Any] = [replace(file, vectors=np.array(file.vectors)) for file in files.words]
    assert files.regions
    regions = replace(files.regions, features=np.array(files.regions.features))
    return FeatureFiles(words, regions)
