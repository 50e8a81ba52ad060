"""Cached rows to one HDF5 file in manifest order, with the same bytes whatever their history."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.errors import UserError
from pipeline.features.encoder import Encoder, Field, Row, identity
from pipeline.features.rows import RowCache
from pipeline.features.store import OK, Array, create_store


def assemble(
    path: Path,
    encoder: Encoder,
    keys: Sequence[str],
    cache: RowCache,
    attrs: Mapping[str, Any] | None = None,
    status: Sequence[int] | None = None,
) -> None:
    """Write one dataset per field; ragged fields share a dataset `offsets` (n + 1,) i8.

    status: one code per key, kept as dataset `status`. A key whose code is not OK needs no cached
    row: its values are zero (a ragged one is empty).

    Raises:
        UserError: a row is not in the cache, or the file cannot be written.
    """
    if len(set(keys)) < len(keys):
        raise ValueError(f"{path}: the manifest names a key twice")
    wanted = [key for i, key in enumerate(keys) if status is None or status[i] == OK]
    if missing := cache.missing(wanted):
        raise UserError(
            f"{cache.folder} lacks {len(missing)} of {len(wanted)} rows for {path}"
            f" (first: {missing[0]}); run the stage again"
        )
    ragged = any(field.ragged for field in encoder.fields)
    lengths = cache.lengths(wanted) if ragged else {}
    offsets = np.cumsum([0] + [lengths.get(key, 0) for key in keys], dtype=np.int64)
    size = sum(
        int(np.dtype(field.dtype).itemsize * np.prod(field.shape, dtype=np.int64))
        * (int(offsets[-1]) if field.ragged else len(keys))
        for field in encoder.fields
    )
    with create_store(path, keys, identity(encoder), size) as file:
        file.attrs.update(attrs or {})
        if status is not None:
            file["status"] = np.array(status, dtype=np.uint8)
        if ragged:
            file["offsets"] = offsets
        _create_datasets(file, encoder.fields, len(keys), int(offsets[-1]))
        _fill(file, encoder.fields, keys, wanted, cache, offsets)


def _create_datasets(
    file: h5py.File, fields: tuple[Field, ...], rows: int, ragged_rows: int
) -> None:
    # Space given at creation: otherwise the place of a dataset depends on who writes first.
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    early.set_obj_track_times(False)  # the high-level interface's default, but not this one's
    for field in fields:
        shape = (ragged_rows if field.ragged else rows, *field.shape)
        kind = h5py.h5t.py_create(np.dtype(field.dtype), logical=True)
        h5py.h5d.create(
            file.id, field.name.encode(), kind, h5py.h5s.create_simple(shape), dcpl=early
        )


def _fill(
    file: h5py.File,
    fields: tuple[Field, ...],
    keys: Sequence[str],
    wanted: Sequence[str],
    cache: RowCache,
    offsets: Array,
) -> None:
    place = {key: i for i, key in enumerate(keys)}
    for rows in cache.read(wanted):
        ordered = sorted(rows, key=place.__getitem__)
        places = np.array([place[key] for key in ordered])
        for field in fields:
            starts = offsets[places] if field.ragged else places
            _write_runs(file[field.name], starts, [rows[key] for key in ordered], field)


def _write_runs(dataset: h5py.Dataset, starts: Array, rows: Sequence[Row], field: Field) -> None:
    """Write rows that follow each other in the file in one go."""
    values = [row[field.name] if field.ragged else row[field.name][None] for row in rows]
    ends = starts + np.array([len(value) for value in values])
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    for run in np.split(np.arange(len(values)), breaks):
        start, end = int(starts[run[0]]), int(ends[run[-1]])
        if end > start:
            dataset[start:end] = np.concatenate([values[i] for i in run])
