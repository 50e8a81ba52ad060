"""The HDF5 files under data/features: one row per key of a manifest table, in its order.

They hold no times, hosts or paths, and every dataset is contiguous and made in a fixed order:
the same rows give the same bytes.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from pipeline.files import PatientFile, remove_abandoned, whole_file

Array = npt.NDArray[Any]

OK, MISSING, UNREADABLE = 0, 1, 2
STATUS_CODES = {"ok": OK, "missing": MISSING, "unreadable": UNREADABLE}

_KEY_TYPE = np.dtype("S64")


@contextmanager
def create_store(
    path: Path, keys: Sequence[str], fingerprint: str, size: int = 0
) -> Iterator[h5py.File]:
    """Yield a new file with its keys and fingerprint (JSON); it appears at `path` when complete.

    size: bytes that must be free, where known.

    Raises:
        UserError: the file cannot be written; an earlier one is then kept as it was.
    """
    remove_abandoned(path.parent, path.name)
    with whole_file(path, size) as temporary, _hdf5_file(temporary) as file:
        file.create_dataset("keys", data=np.array(keys, dtype=_KEY_TYPE))
        file.attrs["fingerprint"] = fingerprint
        yield file


@contextmanager
def _hdf5_file(path: Path) -> Iterator[h5py.File]:
    # HDF5 cannot close a file that it could not write: it takes the process down with it.
    sink = PatientFile(path)
    try:
        with h5py.File(sink, "w") as file:
            yield file
    finally:
        sink.end()


@dataclass(frozen=True)
class Features:
    """What every feature file holds, in memory.

    keys: (n,) S64. fingerprint: what the rows were computed with.
    """

    path: Path
    keys: Array
    fingerprint: dict[str, Any]

    def index(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """The row number of each key.

        Raises:
            UserError: a key has no row.
        """
        try:
            return np.array([self._places[key] for key in keys], dtype=np.int64)
        except KeyError as error:
            raise UserError(
                f"{self.path} has no row for key {error.args[0]}; run its stage again"
            ) from None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key.decode("ascii"): i for i, key in enumerate(self.keys.tolist())}


@dataclass(frozen=True)
class RegionFeatures(Features):
    """regions.h5: the K regions of each picture, best first.

    features: (n, K, D) f2. boxes: (n, K, 4) f4, xyxy in pixels of the upright original.
    scores: (n, K) f4. classes: (n, K) i2, indices into class_names. mask: (n, K) bool.
    size: (n, 2) i4, height and width. status: (n,) u1, see STATUS_CODES.
    """

    features: Array
    boxes: Array
    scores: Array
    classes: Array
    mask: Array
    size: Array
    status: Array
    class_names: list[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        with open_store(path) as file:
            names = ("features", "boxes", "scores", "classes", "mask", "size", "status")
            arrays = contents(path, file, names)
            _check_shapes(path, arrays)
            return cls(**arrays, class_names=json.loads(file.attrs["class_names"]))


@dataclass(frozen=True)
class SceneFeatures(Features):
    """scenes.h5: one vector and one grid per picture.

    pooled: (n, D) f2. grid: (n, cells, C) f2, rows of the map one after the other.
    status: (n,) u1, see STATUS_CODES. grid_shape: rows and columns of the map.
    """

    pooled: Array
    grid: Array
    status: Array
    grid_shape: tuple[int, int]

    @classmethod
    def read(cls, path: Path) -> Self:
        with open_store(path) as file:
            rows, columns = (int(side) for side in file.attrs["grid_shape"])
            arrays = contents(path, file, ("pooled", "grid", "status"))
            return cls(**arrays, grid_shape=(rows, columns))


@dataclass(frozen=True)
class GloveFeatures(Features):
    """glove.h5: one vector per distinct word, and each text as word numbers.

    vocabulary: V words, sorted. vectors: (V, D) f4. known: (V,) bool, false where the source has
    no vector. word_ids: (T,) i4, rows of vectors, text after text. offsets: (n + 1,) i8; text i
    has the words offsets[i] to offsets[i + 1].
    """

    vocabulary: list[str]
    vectors: Array
    known: Array
    word_ids: Array
    offsets: Array

    @classmethod
    def read(cls, path: Path) -> Self:
        with open_store(path) as file:
            names = ("vocabulary", "vectors", "known", "word_ids", "offsets")
            arrays = contents(path, file, names)
            words = [word.decode() for word in arrays.pop("vocabulary")]
            return cls(**arrays, vocabulary=words)


@dataclass(frozen=True)
class BertFeatures(Features):
    """bert.h5: one vector per word of each text.

    vectors: (T, D) f2, text after text. empty: (T,) bool, true for a word that the tokenizer
    leaves nothing of; its vector is zero. offsets: (n + 1,) i8; text i has the words offsets[i]
    to offsets[i + 1].
    """

    vectors: Array
    empty: Array
    offsets: Array

    @classmethod
    def read(cls, path: Path) -> Self:
        with open_store(path) as file:
            return cls(**contents(path, file, ("vectors", "empty", "offsets")))


def _check_shapes(path: Path, arrays: dict[str, Any]) -> None:
    rows, regions = arrays["features"].shape[:2]
    expected = {
        "boxes": (rows, regions, 4),
        "scores": (rows, regions),
        "classes": (rows, regions),
        "mask": (rows, regions),
        "size": (rows, 2),
        "status": (rows,),
        "keys": (rows,),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise UserError(f"{path}: {name} has shape {arrays[name].shape}, expected {shape}")


@contextmanager
def open_store(path: Path) -> Iterator[h5py.File]:
    """Open a feature file for reading.

    Raises:
        UserError: it is not there, or no HDF5 file.
    """
    if not path.exists():
        raise UserError(f"{path} not found; run the stage that writes it (dvc repro)")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}); run its stage again") from None
    with file:
        yield file


def contents(path: Path, file: h5py.File, names: Sequence[str]) -> dict[str, Any]:
    """The arguments of `Features` and whole datasets by name.

    Raises:
        UserError: a dataset is not in the file.
    """
    if absent := [name for name in ("keys", *names) if name not in file]:
        raise UserError(f"{path} lacks the datasets {absent}; it has {sorted(file)}")
    arrays = {name: file[name][...] for name in ("keys", *names)}
    return {"path": path, "fingerprint": json.loads(file.attrs["fingerprint"]), **arrays}
