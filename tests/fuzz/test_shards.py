"""Whatever happens to a shard of the row cache, a row that comes out is one that may be used."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.cache_folders import cache_folders
from pipeline.encoders.rows.encoder import Row
from pipeline.encoders.rows.shards import check_row, pack, shard_name
from pipeline.errors import UserError
from tests.encoders.rows.toy_encoder import ToyEncoder, key_of, row_of
from tests.fuzz.arrays import ARRAYS, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.values import JSON, damaged_json

FIELDS = ToyEncoder.fields
KEYS = [key_of(number) for number in (1, 2, 3)]
SHARD = bytes(pack({key_of(number): row_of(number) for number in (1, 2, 3)}, FIELDS))
ARRAYS_OF = load(SHARD)
HEADER = {
    "keys": {"dtype": "U8", "shape": [3, 32], "data_offsets": [0, 96]},
    "offsets": {"dtype": "I64", "shape": [4], "data_offsets": [96, 128]},
    "__metadata__": {"format": "np"},
}


def read(cache: RowCache, keys: list[str]) -> dict[str, Row]:
    return {key: row for rows in cache.read(keys) for key, row in rows.items()}


def require_rows_or_faults(folder: Path, data: bytes, named: bool) -> dict[str, Row]:
    """named: the file has the name that belongs to its bytes."""
    cache = RowCache(folder, ToyEncoder())
    for each in cache.folder.glob("*.*"):
        if each.name != "fingerprint.json":
            each.unlink()
    shard = cache.folder / shard_name(data if named else SHARD)
    shard.write_bytes(data)
    for use in (RowCache.lengths, read):
        outcome(lambda use=use: use(RowCache(folder, ToyEncoder()), KEYS), UserError)
    shard.write_bytes(data)
    (own,) = cache_folders(folder)
    sound = own.is_sound(shard.name)
    there = [key for key in KEYS if key not in cache.missing(KEYS)]
    found = read(cache, there)
    assert list(found) == there
    assert sound or not found
    for key, row in found.items():
        check_row(key, row, FIELDS)
    return found


def test_an_undamaged_one_is_read(tmp_path: Path) -> None:
    assert [*require_rows_or_faults(tmp_path, SHARD, named=True)] == KEYS


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_have_no_row(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    damaged = BYTES[kind](SHARD, data.draw)
    found = require_rows_or_faults(tmp_path, damaged, named=False)
    assert not found or damaged == SHARD


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_forged_bytes_have_rows_of_the_right_form(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    require_rows_or_faults(tmp_path, BYTES[kind](SHARD, data.draw), named=True)


@pytest.mark.parametrize("kind", ARRAYS)
@few
@given(data=st.data())
def test_forged_arrays_have_rows_of_the_right_form(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    arrays = damaged_arrays(kind, ARRAYS_OF, data.draw)
    packed = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    require_rows_or_faults(tmp_path, packed, named=True)


@pytest.mark.parametrize("kind", JSON)
@few
@given(data=st.data())
def test_a_forged_header_has_no_row(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    header = damaged_json(kind, HEADER, data.draw)
    packed = len(header).to_bytes(8, "little") + header + bytes(128)
    assert not require_rows_or_faults(tmp_path, packed, named=True)
