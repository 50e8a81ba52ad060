"""Assembles cached rows in the order of their keys, in one HDF5 file or in memory.

The same rows give the same bytes, however they came into the cache.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Encoder, Field, Row, identity
from pipeline.errors import UserError
from pipeline.features.store import OK, Array, create_store, key_array


def assemble(
    path: Path,
    encoder: Encoder,
    keys: Sequence[str],
    cache: RowCache,
    attrs: Mapping[str, Any] | None = None,
    status: Sequence[int] | None = None,
) -> None:
    """Write one dataset per field; ragged fields share a dataset `offsets` (n + 1,) i8.

    status: one code per key, written as dataset `status`. A key whose code is not OK has no cached
    row: its values are zero, a ragged field's are empty.

    Raises:
        UserError: a row is not in the cache, or the file cannot be written.
    """
    layout = _lay_out(path, encoder, keys, cache, status)
    size = sum(map(layout.size, encoder.fields))
    with create_store(path, keys, identity(encoder), size) as file:
        file.attrs.update(attrs or {})
        for name, values in layout.extra.items():
            file[name] = values
        for field in encoder.fields:
            _create_dataset(file, field, layout.shape(field))
        _fill(file, encoder.fields, layout, cache)


def collect(
    path: Path,
    encoder: Encoder,
    keys: Sequence[str],
    cache: RowCache,
    status: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The same as `assemble`, in memory: the arguments of `Features` and arrays by name.

    path: what messages call the result.

    Raises:
        UserError: a row is not in the cache.
    """
    layout = _lay_out(path, encoder, keys, cache, status)
    arrays = {field.name: np.zeros(layout.shape(field), field.dtype) for field in encoder.fields}
    _fill(arrays, encoder.fields, layout, cache)
    named = {"path": path, "keys": key_array(keys), "fingerprint": json.loads(identity(encoder))}
    return {**named, **layout.extra, **arrays}


@dataclass(frozen=True)
class _Layout:
    """Where rows go. wanted: the keys with a row. extra: arrays beside the fields'."""

    keys: Sequence[str]
    wanted: Sequence[str]
    offsets: Array
    extra: dict[str, Array]

    def shape(self, field: Field) -> tuple[int, ...]:
        return (int(self.offsets[-1]) if field.ragged else len(self.keys), *field.shape)

    def size(self, field: Field) -> int:
        return int(np.dtype(field.dtype).itemsize * np.prod(self.shape(field), dtype=np.int64))


def _lay_out(
    path: Path, encoder: Encoder, keys: Sequence[str], cache: RowCache, status: Sequence[int] | None
) -> _Layout:
    if len(set(keys)) < len(keys):
        raise ValueError(f"{path}: a key occurs twice")
    wanted = [key for i, key in enumerate(keys) if status is None or status[i] == OK]
    _require(wanted, cache, path)
    ragged = any(field.ragged for field in encoder.fields)
    lengths = cache.lengths(wanted) if ragged else {}
    offsets = np.cumsum([0] + [lengths.get(key, 0) for key in keys], dtype=np.int64)
    extra: dict[str, Array] = {}
    if status is not None:
        extra["status"] = np.array(status, dtype=np.uint8)
    if ragged:
        extra["offsets"] = offsets
    return _Layout(keys, wanted, offsets, extra)


def _require(wanted: list[str], cache: RowCache, path: Path) -> None:
    if missing := cache.missing(wanted):
        raise UserError(
            f"{cache.folder} lacks {len(missing)} of {len(wanted)} rows for {path}"
            f" (first: {missing[0]}); run the stage again"
        )


def _create_dataset(file: h5py.File, field: Field, shape: tuple[int, ...]) -> None:
    # Allocated at creation: otherwise a dataset's offset depends on the order of writing.
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    early.set_obj_track_times(False)  # the default of h5py's high-level interface only
    kind = h5py.h5t.py_create(np.dtype(field.dtype), logical=True)
    h5py.h5d.create(file.id, field.name.encode(), kind, h5py.h5s.create_simple(shape), dcpl=early)


def _fill(
    targets: h5py.File | Mapping[str, Array],
    fields: tuple[Field, ...],
    layout: _Layout,
    cache: RowCache,
) -> None:
    place = {key: i for i, key in enumerate(layout.keys)}
    for rows in cache.read(layout.wanted):
        ordered = sorted(rows, key=place.__getitem__)
        places = np.array([place[key] for key in ordered])
        for field in fields:
            starts = layout.offsets[places] if field.ragged else places
            _write_runs(targets[field.name], starts, [rows[key] for key in ordered], field)


def _write_runs(
    target: h5py.Dataset | Array, starts: Array, rows: Sequence[Row], field: Field
) -> None:
    """Write rows that are adjacent in the target in one call."""
    values = [row[field.name] if field.ragged else row[field.name][None] for row in rows]
    ends = starts + np.array([len(value) for value in values])
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    for run in np.split(np.arange(len(values)), breaks):
        start, end = int(starts[run[0]]), int(ends[run[-1]])
        if end > start:
            target[start:end] = np.concatenate([values[i] for i in run])
