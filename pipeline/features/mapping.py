"""Arrays of HDF5 files that are left in their file: pages are read when a row is, and give way when
memory is short.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# Of rows that are read in advance, at once.
_BYTES_AT_ONCE = 2**22
# Linux announces no more of a range than a request to the disk may have.
_BYTES_ANNOUNCED = 2**19


def mapped(dataset: h5py.Dataset) -> Array | None:
    """The floats of a dataset, mapped from its file, read-only; None where HDF5 must read it.

    That is the case for other types, chunks, compression, values that were never written, and what
    a damaged file says to lie beyond its end.
    """
    offset = dataset.id.get_offset()
    if offset is None or dataset.dtype.kind != "f" or not dataset.nbytes:
        return None
    # Of a float of another layout, HDF5 says the type that it would convert it to.
    if not dataset.id.get_type().equal(h5py.h5t.py_create(dataset.dtype)):
        return None
    with Path(dataset.file.filename).open("rb") as file:
        if file.seek(0, 2) < offset + dataset.nbytes:
            return None
        return np.memmap(file, dataset.dtype, "r", offset, dataset.shape)


def is_mapped(array: Array) -> bool:
    """Whether the array's values are in a file."""
    return isinstance(array, np.memmap)


def read_in_advance(array: Array, rows: npt.NDArray[np.int64], gap: int) -> None:
    """Bring some rows of a mapped array (n, ...) into the system's memory of files, by long reads.

    rows: ascending. gap: rows that are not wanted are read too, if they are fewer in succession.
    """
    if not len(rows):
        return
    with suppress(OSError):  # a file that was moved away since is still mapped
        _read(array, rows, gap)


def _read(array: Array, rows: npt.NDArray[np.int64], gap: int) -> None:
    cuts = np.flatnonzero(np.diff(rows) > gap) + 1
    starts, ends = rows[np.concatenate([[0], cuts])], rows[np.concatenate([cuts - 1, [-1]])] + 1
    size, offset = array.nbytes // len(array), array.offset  # type: ignore[attr-defined]
    scratch = memoryview(bytearray(_BYTES_AT_ONCE))
    with Path(array.filename).open("rb", buffering=0) as file:  # type: ignore[attr-defined]
        parts = (np.stack([starts, ends], 1) * size + offset).tolist()
        _announce(file.fileno(), parts)
        for start, end in parts:
            file.seek(start)
            left = end - start
            while left > 0 and (done := file.readinto(scratch[:left])):
                left -= done


def _announce(file: int, parts: list[tuple[int, int]]) -> None:
    """Tell the system which parts of a file are read next, so that it reads many at once."""
    if not hasattr(os, "posix_fadvise"):
        return
    # No more than is asked for: what follows a block is of another one.
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
    for start, end in parts:
        for first in range(start, end, _BYTES_ANNOUNCED):
            length = min(_BYTES_ANNOUNCED, end - first)
            os.posix_fadvise(file, first, length, os.POSIX_FADV_WILLNEED)
