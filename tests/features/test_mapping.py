"""Floats stay in their file where that is the same as reading them."""

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.features.mapping import is_mapped, mapped, read_in_advance
from pipeline.features.store import RegionFeatures
from tests.features.test_store import region_arrays, write_regions

VALUES = np.arange(60, dtype=np.float16).reshape(5, 3, 4)


@pytest.mark.parametrize("kind", ["<f2", ">f2", "<f4", "<f8"])
@pytest.mark.parametrize("block", [0, 1024])
def test_mapped_values_are_those_of_the_file(tmp_path: Path, kind: str, block: int) -> None:
    with h5py.File(tmp_path / "x.h5", "w", userblock_size=block) as file:
        file["before"] = np.ones(7, np.int8)
        file["values"] = VALUES.astype(kind)
    with h5py.File(tmp_path / "x.h5") as file:
        found = mapped(file["values"])
    assert found is not None
    assert is_mapped(found)
    assert found.dtype == np.dtype(kind)
    np.testing.assert_array_equal(found, VALUES)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def bfloat(file: h5py.File) -> None:
    """Two bytes that NumPy would read as something else."""
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    space = h5py.h5s.create_simple(VALUES.shape)
    h5py.h5d.create(file.id, b"values", kind, space).write(h5py.h5s.ALL, h5py.h5s.ALL, VALUES)


@pytest.mark.parametrize(
    "options",
    [
        {"data": VALUES, "chunks": (1, 3, 4)},
        {"data": VALUES, "chunks": (1, 3, 4), "compression": "gzip"},
        {"data": VALUES.astype(np.int16)},
        {"data": VALUES[:0]},
        {"shape": (5, 3), "dtype": "f2", "fillvalue": 7},
        bfloat,
    ],
    ids=["chunks", "compressed", "integers", "nothing", "never written", "other floats"],
)
def test_other_values_are_left_to_hdf5(tmp_path: Path, options: Any) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        if callable(options):
            options(file)
        else:
            file.create_dataset("values", **options)
    with h5py.File(tmp_path / "x.h5") as file:
        assert mapped(file["values"]) is None


def test_a_file_that_ends_before_its_values_is_not_mapped(tmp_path: Path) -> None:
    """To read beyond the end of a mapped file would kill the process."""
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["values"] = np.ones(100_000, np.float32)
    with h5py.File(path) as file:
        with path.open("r+b") as bytes_:
            bytes_.truncate(50_000)
        assert mapped(file["values"]) is None


def test_features_are_mapped_and_what_finds_them_is_read(tmp_path: Path) -> None:
    write_regions(tmp_path / "regions.h5")
    found = RegionFeatures.read(tmp_path / "regions.h5")
    assert is_mapped(found.features)
    assert not any(map(is_mapped, (found.keys, found.mask, found.status)))
    np.testing.assert_array_equal(found.features, region_arrays()["features"])


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system cannot be told")
@pytest.mark.parametrize(
    ("wanted", "read"),
    [
        ([], []),
        ([4], [range(4, 5)]),
        ([0, 1, 2, 7, 8], [range(3), range(7, 9)]),
        ([0, 2, 5], [range(3), range(5, 6)]),
    ],
)
def test_rows_near_each_other_are_read_at_once_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: list[int], read: list[range]
) -> None:
    values = np.arange(36, dtype=np.float32).reshape(9, 4)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["before"] = np.ones(7, np.int8)
        file["values"] = values
    with h5py.File(tmp_path / "x.h5") as file:
        found = mapped(file["values"])
    assert found is not None
    told: list[bytes] = []

    def advise(file: int, start: int, length: int, advice: int) -> None:
        if advice == os.POSIX_FADV_WILLNEED:
            told.append(os.pread(file, length, start))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    read_in_advance(found, np.array(wanted, np.int64), 2)
    assert told == [values[rows.start : rows.stop].tobytes() for rows in read]
