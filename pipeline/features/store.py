"""The HDF5 feature files: one row per key of a table that `prepare` writes, in its order.

They have no times, hosts or paths, and every dataset is contiguous and created in a fixed order:
the same rows give the same bytes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Self

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError, first_line, not_made
from pipeline.faults import parse_json
from pipeline.features.mapping import mapped
from pipeline.files import Fingerprint, PatientFile, digest, remove_abandoned, whole_file

Array = npt.NDArray[Any]
# The kind of a NumPy type, and sizes by number or letter.
Shape = tuple[str | int, ...]

OK, MISSING, UNREADABLE = 0, 1, 2
STATUS_CODES = {"ok": OK, "missing": MISSING, "unreadable": UNREADABLE}

_KINDS = {"f": "floats", "i": "integers", "u": "unsigned integers", "b": "booleans", "S": "bytes"}
_KEY_TYPE = np.dtype("S64")


def _class_names(text: Any) -> list[str]:
    names = json.loads(text)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{names!r:.40} is no list of names")
    return names


# What HDF5 stores in another form.
_FROM_STORED: dict[str, Callable[[Any], Any]] = {
    "class_names": _class_names,
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
    """A feature file. As a rule, its floats are left in it, see `pipeline.features.mapping`, and
    cannot be written to.

    path: the file, or the name that it would have. keys: (n,) S64. fingerprint: everything that
    determined the rows.
    """

    path: Path
    keys: Array
    fingerprint: Fingerprint

    # Kind of NumPy type and shape of each array; equal letters stand for equal numbers.
    _layout: ClassVar[dict[str, Shape]] = {}

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
        """Read a file, or map it: what is wrong with its shapes is found here, a value that is not
        finite only in what comes of it.

        Raises:
            UserError: it is not there, is no HDF5 file, lacks a dataset, or has one of another
                type, shape or order than the class says.
        """
        names = [field.name for field in fields(cls) if field.name not in Features.__annotations__]
        found = read_store(path, names)
        for name in _FROM_STORED.keys() & found.keys():
            try:
                found[name] = _FROM_STORED[name](found[name])
            except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
                raise UserError(f"{path}: {name} cannot be read: {error}") from None
        _check_arrays(path, {"keys": ("S", "n"), **cls._layout}, found)
        if len(set(found["keys"].tolist())) < len(found["keys"]):
            raise UserError(f"{path}: a key occurs twice")
        if "offsets" in found:
            _check_offsets(path, found)
        return cls(**found)

    @property
    def digest(self) -> str:
        """The sha256 of the fingerprint, as in a model's config.json."""
        return digest(self.fingerprint)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key.decode("ascii", "replace"): i for i, key in enumerate(self.keys.tolist())}


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

    _layout: ClassVar[dict[str, Shape]] = {
        "features": ("f", "n", "K", "D"),
        "boxes": ("f", "n", "K", 4),
        "scores": ("f", "n", "K"),
        "classes": ("i", "n", "K"),
        "mask": ("b", "n", "K"),
        "size": ("i", "n", 2),
        "status": ("u", "n"),
    }

    @classmethod
    def read(cls, path: Path) -> Self:
        found = super().read(path)
        numbers = found.classes[found.mask]
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(found.class_names):
            raise UserError(f"{path}: classes has numbers that class_names does not have")
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

    _layout: ClassVar[dict[str, Shape]] = {
        "pooled": ("f", "n", "D"),
        "grid": ("f", "n", "cells", "C"),
        "status": ("u", "n"),
    }

    @classmethod
    def read(cls, path: Path) -> Self:
        found = super().read(path)
        cells, shape = found.grid.shape[1], found.grid_shape
        if len(shape) != 2 or prod(shape) != cells:
            raise UserError(f"{path}: grid has {cells} cells, but grid_shape is {shape}")
        return found


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

    _layout: ClassVar[dict[str, Shape]] = {
        "vectors": ("f", "V", "D"),
        "known": ("b", "V"),
        "word_ids": ("i", "T"),
        "offsets": ("i", "n + 1"),
    }

    @classmethod
    def read(cls, path: Path) -> Self:
        found = super().read(path)
        ids, words = found.word_ids, len(found.vectors)
        if len(found.vocabulary) != words:
            raise UserError(f"{path}: {len(found.vocabulary)} words have {words} vectors")
        if len(ids) and not 0 <= ids.min() <= ids.max() < words:
            raise UserError(f"{path}: word_ids has numbers that vectors does not have")
        return found


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

    _layout: ClassVar[dict[str, Shape]] = {
        "vectors": ("f", "T", "D"),
        "empty": ("b", "T"),
        "offsets": ("i", "n + 1"),
    }


@dataclass(frozen=True)
class ClipImageFeatures(Features):
    """images.h5: CLIP's embedding of each image.

    vectors: (n, D) f2 of length 1, zero where status is not OK. status: (n,) u1, see STATUS_CODES.
    """

    vectors: Array
    status: Array

    _layout: ClassVar[dict[str, Shape]] = {"vectors": ("f", "n", "D"), "status": ("u", "n")}


@dataclass(frozen=True)
class ClipTextFeatures(Features):
    """texts.h5: CLIP's embedding of each text.

    vectors: (n, D) f2 of length 1. cut: (n,) bool, true for a text longer than the model's limit.
    """

    vectors: Array
    cut: Array

    _layout: ClassVar[dict[str, Shape]] = {"vectors": ("f", "n", "D"), "cut": ("b", "n")}


def _check_arrays(path: Path, layout: Mapping[str, Shape], found: Mapping[str, Any]) -> None:
    """Check kinds and shapes; path: of the file, for messages.

    Raises:
        UserError: names the first array that differs, with what was expected.
    """
    sizes: dict[str | int, int] = {}
    for name, (kind, *dims) in layout.items():
        array = found[name]
        if not isinstance(array, np.ndarray | np.generic):
            raise UserError(f"{path}: {name} is no array")
        expected = tuple(
            sizes.get(dim, size) if isinstance(dim, str) else dim
            for dim, size in zip(dims, array.shape, strict=False)
        )
        if array.dtype.kind != kind:
            raise UserError(
                f"{path}: {name} has the type {array.dtype}, expected {_KINDS[str(kind)]}"
            )
        if array.shape != expected or array.ndim != len(dims):
            raise UserError(f"{path}: {name} has shape {array.shape}, expected {expected}")
        sizes.update(zip(dims, array.shape, strict=True))
        sizes.setdefault("n + 1", sizes["n"] + 1)


def _check_offsets(path: Path, found: Mapping[str, Any]) -> None:
    """Texts lie one after the other, without a gap: shifted ones would give others their words."""
    offsets, words = found["offsets"], len(found.get("word_ids", found["vectors"]))
    if offsets[0] != 0 or offsets[-1] != words or (np.diff(offsets) < 0).any():
        raise UserError(f"{path}: offsets do not ascend from 0 to the number of words, {words}")


def read_store(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """The arguments of `Features`, and datasets or attributes by name.

    Raises:
        UserError: the file is missing or no HDF5 file, lacks one of them, or has its values in
            other files.
    """
    if not path.exists():
        raise not_made(path)
    try:
        with h5py.File(path, "r") as file:
            return {"path": path, **_read_values(path, file, ("keys", *names))}
    except (UserError, MemoryError):
        raise
    except Exception as error:  # a damaged file makes HDF5 raise anything
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise UserError(f"{path} cannot be read ({reason}); run its stage again") from None


def _read_values(path: Path, file: h5py.File, names: Sequence[str]) -> dict[str, Any]:
    """The fingerprint, and what has these names."""
    if absent := [name for name in names if name not in file and name not in file.attrs]:
        raise UserError(f"{path} lacks the datasets {absent}; it has {sorted(file)}")
    if "fingerprint" not in file.attrs:
        raise UserError(f"{path} has no fingerprint, so it is no feature file of this project")
    for name in names:
        _check_place(path, name, file)
    values = {name: _values(file[name]) if name in file else file.attrs[name] for name in names}
    return {"fingerprint": parse_json(str(file.attrs["fingerprint"]), path), **values}


def _values(dataset: h5py.Dataset) -> Any:
    """All values: floats are left in the file, as far as it can be mapped."""
    found = mapped(dataset)
    return dataset[...] if found is None else found


def _check_place(path: Path, name: str, file: h5py.File) -> None:
    """HDF5 can take values from any file of this machine, which a foreign file must not show."""
    found = file.get(name)
    if isinstance(found, h5py.Group):
        raise UserError(f"{path}: {name} is a group, not a dataset")
    if found is None:
        return
    if found.external or found.is_virtual or found.file.filename != file.filename:
        raise UserError(
            f"{path}: the values of {name} are in another file; copy them into this one"
        )
