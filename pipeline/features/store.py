"""The HDF5 feature files: one row per key of a table that `prepare` writes, in its order.

They have no times, hosts or paths, and every dataset is contiguous and created in a fixed order:
the same rows give the same bytes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from pipeline.files import Fingerprint, PatientFile, digest, remove_abandoned, whole_file

Array = npt.NDArray[Any]

OK, MISSING, UNREADABLE = 0, 1, 2
STATUS_CODES = {"ok": OK, "missing": MISSING, "unreadable": UNREADABLE}

_KEY_TYPE = np.dtype("S64")
# What HDF5 stores in another form.
_FROM_STORED: dict[str, Callable[[Any], Any]] = {
    "class_names": json.loads,
    "grid_shape": lambda shape: tuple(int(side) for side in shape),
    "vocabulary": lambda words: [word.decode() for word in words],
}


def key_array(keys: Sequence[str]) -> Array:
    """Keys as in feature files, (n,) S64."""
    return np.array(keys, dtype=_KEY_TYPE)


@contextmanager
def create_store(
    path: Path, keys: Sequence[str], fingerprint: str, size: int = 0
) -> Iterator[h5py.File]:
    """Yield a new file with its keys and fingerprint (JSON); it appears at `path` when complete.

    size: bytes that must be free, if known.

    Raises:
        UserError: the file cannot be written; an earlier one is kept.
    """
    remove_abandoned(path.parent, path.name)
    with whole_file(path, size) as temporary, _hdf5_file(temporary) as file:
        file.create_dataset("keys", data=key_array(keys))
        file.attrs["fingerprint"] = fingerprint
        yield file


@contextmanager
def _hdf5_file(path: Path) -> Iterator[h5py.File]:
    # HDF5 crashes the process when it closes a file that it could not write.
    sink = PatientFile(path)
    try:
        with h5py.File(sink, "w") as file:
            yield file
    finally:
        sink.end()


@dataclass(frozen=True)
class Features:
    """A feature file in memory.

    path: the file, or the name that it would have. keys: (n,) S64. fingerprint: everything that
    determined the rows.
    """

    path: Path
    keys: Array
    fingerprint: Fingerprint

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

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a whole file.

        Raises:
            UserError: it is not there, is no HDF5 file, or lacks a dataset.
        """
        names = [field.name for field in fields(cls) if field.name not in Features.__annotations__]
        found = read_store(path, names)
        for name in _FROM_STORED.keys() & found.keys():
            found[name] = _FROM_STORED[name](found[name])
        return cls(**found)

    @property
    def digest(self) -> str:
        """The sha256 of the fingerprint, as in a model's config.json."""
        return digest(self.fingerprint)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key.decode("ascii"): i for i, key in enumerate(self.keys.tolist())}


@dataclass(frozen=True)
class RegionFeatures(Features):
    """regions.h5: the K regions of each image, best first.

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
        found = super().read(path)
        rows, regions = found.features.shape[:2]
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
            actual = getattr(found, name).shape
            if actual != shape:
                raise UserError(f"{path}: {name} has shape {actual}, expected {shape}")
        return found


@dataclass(frozen=True)
class SceneFeatures(Features):
    """scenes.h5: one vector and one grid per image.

    pooled: (n, D) f2. grid: (n, cells, C) f2, rows of the map one after the other.
    status: (n,) u1, see STATUS_CODES. grid_shape: rows and columns of the map.
    """

    pooled: Array
    grid: Array
    status: Array
    grid_shape: tuple[int, int]


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


@dataclass(frozen=True)
class BertFeatures(Features):
    """bert.h5: one vector per word of each text.

    vectors: (T, D) f2, text after text. empty: (T,) bool, true for a word that the tokenizer
    drops; its vector is zero. offsets: (n + 1,) i8; text i has the words offsets[i]
    to offsets[i + 1].
    """

    vectors: Array
    empty: Array
    offsets: Array


@dataclass(frozen=True)
class ClipImageFeatures(Features):
    """images.h5: CLIP's embedding of each image.

    vectors: (n, D) f2 of length 1, zero where status is not OK. status: (n,) u1, see STATUS_CODES.
    """

    vectors: Array
    status: Array


@dataclass(frozen=True)
class ClipTextFeatures(Features):
    """texts.h5: CLIP's embedding of each text.

    vectors: (n, D) f2 of length 1. cut: (n,) bool, true for a text longer than the model's limit.
    """

    vectors: Array
    cut: Array


def read_store(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """The arguments of `Features`, and whole datasets or attributes by name.

    Raises:
        UserError: the file is missing or no HDF5 file, lacks one of them, or has its values in
            other files.
    """
    if not path.exists():
        raise UserError(f"{path} not found; run the stage that writes it (dvc repro)")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error}); run its stage again") from None
    wanted = ("keys", *names)
    with file:
        if absent := [name for name in wanted if name not in file and name not in file.attrs]:
            raise UserError(f"{path} lacks the datasets {absent}; it has {sorted(file)}")
        _refuse_other_files(path, file, wanted)
        values = {name: file[name][...] if name in file else file.attrs[name] for name in wanted}
        return {"path": path, "fingerprint": json.loads(file.attrs["fingerprint"]), **values}


def _refuse_other_files(path: Path, file: h5py.File, names: Iterable[str]) -> None:
    """HDF5 can take values from any file of this machine, which a foreign file must not show."""
    for name in names:
        if name in file and _is_elsewhere(file, file[name]):
            raise UserError(
                f"{path}: the values of {name} are in another file; copy them into this one"
            )


def _is_elsewhere(file: h5py.File, found: h5py.Dataset | h5py.Group) -> bool:
    stored_apart = isinstance(found, h5py.Dataset) and (found.external or found.is_virtual)
    return bool(stored_apart) or found.file.filename != file.filename
