import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from pipeline.encoders.rows.cache import RowCache, cache_root
from pipeline.encoders.rows.cache_folders import cache_folders
from pipeline.encoders.rows.encoder import Field
from pipeline.encoders.rows.shards import shard_name
from pipeline.errors import UserError
from tests.encoders.rows.fresh_process import fault_on_a_full_disk
from tests.encoders.rows.toy_encoder import ToyEncoder, key_of, row_of


def rows(*numbers: int) -> dict[str, dict[str, np.ndarray]]:
    return {key_of(number): row_of(number) for number in numbers}


def keys(*numbers: int) -> list[str]:
    return [key_of(number) for number in numbers]


def read(cache: RowCache, *numbers: int) -> dict[str, dict[str, np.ndarray]]:
    assert cache.missing(keys(*numbers)) == []
    return {key: row for shard in cache.read(keys(*numbers)) for key, row in shard.items()}


def shards(cache: RowCache) -> list[Path]:
    return sorted(cache.folder.glob("*.safetensors"))


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    cache.write(rows(0, 1, 2, 3))  # of lengths 0, 1, 2 and 3
    cache.write(rows(4))
    found = read(RowCache(tmp_path, ToyEncoder()), 4, 3, 0)
    assert set(found) == set(keys(4, 3, 0))
    for number in (4, 3, 0):
        for name, values in row_of(number).items():
            assert found[key_of(number)][name].dtype == values.dtype
            np.testing.assert_array_equal(found[key_of(number)][name], values)


def test_rows_are_read_without_a_look_before(tmp_path: Path) -> None:
    RowCache(tmp_path, ToyEncoder()).write(rows(1, 2, 7))
    assert [*next(RowCache(tmp_path, ToyEncoder()).read(keys(2, 7)))] == keys(2, 7)
    assert RowCache(tmp_path, ToyEncoder()).lengths(keys(7)) == {key_of(7): 3}
    with pytest.raises(UserError, match=f"has no row for {key_of(5)}"):
        list(RowCache(tmp_path, ToyEncoder()).read(keys(1, 5)))


def test_rows_written_since_are_read(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    assert cache.missing(keys(1, 2)) == keys(1, 2)
    RowCache(tmp_path, ToyEncoder()).write(rows(1))
    cache.write(rows(2))
    assert {key for shard in cache.read(keys(1, 2)) for key in shard} == set(keys(1, 2))


def test_missing_keys_come_in_order_and_once(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    cache.write(rows(1, 2))
    assert cache.missing(keys(5, 1, 4, 5, 2)) == keys(5, 4)


def test_lengths_are_those_of_the_ragged_fields(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    cache.write(rows(4, 1, 7))
    cache.missing(keys(7, 4))
    assert cache.lengths(keys(7, 4)) == {key_of(7): 3, key_of(4): 0}


def test_rows_that_another_process_wrote_are_seen(tmp_path: Path) -> None:
    one, other = RowCache(tmp_path, ToyEncoder()), RowCache(tmp_path, ToyEncoder())
    other.write(rows(1))
    assert one.missing(keys(1, 2)) == keys(2)


def test_two_processes_that_compute_the_same_rows_leave_one_shard(tmp_path: Path) -> None:
    for _ in range(2):
        RowCache(tmp_path, ToyEncoder()).write(rows(1, 2))
    assert len(shards(RowCache(tmp_path, ToyEncoder()))) == 1


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_one_bit_of_a_value(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def flip_one_bit_of_the_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "harm", [truncate, empty, flip_one_bit_of_a_value, flip_one_bit_of_the_header]
)
@pytest.mark.parametrize("met_before", [True, False])
def test_a_damaged_shard_is_reported_set_aside_and_its_rows_are_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: object, met_before: bool
) -> None:
    writer = RowCache(tmp_path, ToyEncoder())
    writer.write(rows(1, 2))
    (damaged,) = shards(writer)
    writer.write(rows(3))
    cache = RowCache(tmp_path, ToyEncoder())
    if met_before:
        cache.missing([])
    harm(damaged)  # type: ignore[operator]
    assert cache.missing(keys(1, 2, 3)) == keys(1, 2)
    assert str(damaged) in caplog.text
    assert damaged.with_suffix(".damaged").exists()
    cache.write(rows(1, 2))
    assert set(read(cache, 1, 2, 3)) == set(keys(1, 2, 3))


Arrays = dict[str, np.ndarray]


def not_finite(arrays: Arrays) -> None:
    arrays["field.words"][-1, 0] = np.nan


def too_large(arrays: Arrays) -> None:
    arrays["field.vector"][0, 1] = -np.inf


def of_another_width(arrays: Arrays) -> None:
    arrays["field.vector"] = arrays["field.vector"][:, :1]


def of_another_type(arrays: Arrays) -> None:
    arrays["field.vector"] = arrays["field.vector"].astype(np.float32)


def with_fewer_rows_than_keys(arrays: Arrays) -> None:
    arrays["field.vector"] = arrays["field.vector"][:1]


def without_a_field(arrays: Arrays) -> None:
    del arrays["field.empty"]


def with_a_field_too_many(arrays: Arrays) -> None:
    arrays["field.other"] = arrays["field.vector"]


def with_descending_offsets(arrays: Arrays) -> None:
    arrays["offsets"] = np.array([0, 6, 5])


def with_offsets_that_begin_later(arrays: Arrays) -> None:
    arrays["offsets"] = np.array([1, 3, 5])


def with_offsets_in_two_axes(arrays: Arrays) -> None:
    arrays["offsets"] = np.array([[0], [2], [5]])


def with_offsets_that_are_not_finite(arrays: Arrays) -> None:
    arrays["offsets"] = np.array([0, 2, np.inf])


def with_one_number_for_keys(arrays: Arrays) -> None:
    arrays["keys"] = np.zeros((), np.uint8)


def with_a_key_twice(arrays: Arrays) -> None:
    arrays["keys"][1] = arrays["keys"][0]


def with_short_keys(arrays: Arrays) -> None:
    arrays["keys"] = arrays["keys"][:, :16]


def with_flat_keys(arrays: Arrays) -> None:
    arrays["keys"] = arrays["keys"].reshape(-1)


FORGERIES = [
    *(not_finite, too_large, of_another_width, of_another_type, with_fewer_rows_than_keys),
    *(without_a_field, with_a_field_too_many, with_descending_offsets, with_a_key_twice),
    *(with_offsets_that_begin_later, with_short_keys, with_flat_keys, with_one_number_for_keys),
    *(with_offsets_in_two_axes, with_offsets_that_are_not_finite),
]


def forge(cache: RowCache, change: Callable[[Arrays], None]) -> Path:
    """Replace the only shard by a changed one, which has the name that belongs to its bytes."""
    (shard,) = shards(cache)
    arrays = {name: array.copy() for name, array in load_file(shard).items()}
    change(arrays)
    data = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    shard.unlink()
    forged = shard.with_name(shard_name(data))
    forged.write_bytes(data)
    return forged


@pytest.mark.parametrize("change", FORGERIES)
def test_a_shard_is_not_believed_by_its_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: Callable[[Arrays], None]
) -> None:
    RowCache(tmp_path, ToyEncoder()).write(rows(2, 3))
    forged = forge(RowCache(tmp_path, ToyEncoder()), change)
    (folder,) = cache_folders(tmp_path)
    assert not folder.is_sound(forged.name)
    cache = RowCache(tmp_path, ToyEncoder())
    assert cache.missing(keys(2, 3)) == keys(2, 3)
    if forged.with_suffix(".damaged").exists():
        assert str(forged) in caplog.text
    cache.write(rows(2, 3))
    for number in (2, 3):
        np.testing.assert_array_equal(
            read(cache, number)[key_of(number)]["words"], row_of(number)["words"]
        )


@pytest.mark.parametrize("change", FORGERIES)
def test_a_forged_shard_that_is_read_unasked_is_an_error(
    tmp_path: Path, change: Callable[[Arrays], None]
) -> None:
    RowCache(tmp_path, ToyEncoder()).write(rows(2, 3))
    forge(RowCache(tmp_path, ToyEncoder()), change)
    with pytest.raises(UserError, match="run the extraction again"):
        list(RowCache(tmp_path, ToyEncoder()).read(keys(2, 3)))


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "U8", "shape": [], "data_offsets": [0, 1]},
        {"dtype": "U8", "shape": [2, 32], "data_offsets": [0, 2**62]},
        {"dtype": "U8", "shape": [2, 32], "data_offsets": [0, 2**70]},
        {"dtype": "U8", "shape": [2, 32], "data_offsets": [-9999, 0]},
        {"dtype": "U8", "shape": [-1, 0], "data_offsets": [0, 64]},
        {"dtype": ["U8"], "shape": [2, 32], "data_offsets": [0, 64]},
        "[" * 3000,
    ],
)
def test_a_header_that_lies_makes_a_damaged_shard(tmp_path: Path, entry: object) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    header = (entry if isinstance(entry, str) else json.dumps({"keys": entry})).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(64)
    (cache.folder / shard_name(data)).write_bytes(data)
    assert cache.missing(keys(1)) == keys(1)
    assert len(list(cache.folder.glob("*.damaged"))) == 1


def test_a_shard_that_is_not_wanted_is_not_read(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    cache.write(rows(1))
    flip_one_bit_of_a_value(shards(cache)[0])
    cache.write(rows(2))
    assert RowCache(tmp_path, ToyEncoder()).missing(keys(2)) == []
    assert len(shards(cache)) == 2


def test_a_shard_that_breaks_between_asking_and_reading_is_an_error(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    cache.write(rows(1))
    cache.missing(keys(1))
    truncate(shards(cache)[0])
    with pytest.raises(UserError, match="run the extraction again"):
        list(cache.read(keys(1)))


@pytest.mark.parametrize("harm", [empty, Path.unlink])
def test_a_shard_that_goes_between_asking_and_counting_is_an_error(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    cache.write(rows(1))
    cache.missing(keys(1))
    harm(shards(cache)[0])
    with pytest.raises(UserError, match="run the extraction again"):
        cache.lengths(keys(1))


@pytest.mark.parametrize(
    "other",
    [ToyEncoder(weights="b"), ToyEncoder(batch_size=4)],
    ids=["other weights", "other batch size"],
)
def test_rows_of_another_fingerprint_are_never_used(tmp_path: Path, other: ToyEncoder) -> None:
    RowCache(tmp_path, ToyEncoder()).write(rows(1))
    assert RowCache(tmp_path, other).missing(keys(1)) == keys(1)


def test_rows_of_other_fields_are_never_used(tmp_path: Path) -> None:
    RowCache(tmp_path, ToyEncoder()).write(rows(1))
    other = ToyEncoder()
    other.fields = (Field("vector", (3,), "float16"), *ToyEncoder.fields[1:])  # type: ignore[misc]
    assert RowCache(tmp_path, other).missing(keys(1)) == keys(1)


def test_a_folder_whose_fingerprint_was_changed_is_refused(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    (cache.folder / "fingerprint.json").write_text("{}")
    with pytest.raises(UserError, match="describes another encoder"):
        RowCache(tmp_path, ToyEncoder())


@pytest.mark.parametrize("value", [np.nan, np.inf, 70000.0])
def test_a_value_that_float16_cannot_hold_is_refused(tmp_path: Path, value: float) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    row = row_of(1)
    with np.errstate(over="ignore"):
        row["vector"] = np.array([0.0, value]).astype(np.float16)
    with pytest.raises(UserError, match=f"{key_of(1)}: vector is not finite"):
        cache.write({key_of(1): row})
    assert shards(cache) == []


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("vector", np.zeros(3, np.float16)),
        ("vector", np.zeros(2, np.float32)),
        ("words", np.zeros((1, 2), np.float16)),
        ("empty", np.zeros(2, bool)),  # one more than `words` has
    ],
)
def test_a_row_that_is_not_as_declared_is_refused(
    tmp_path: Path, field: str, values: np.ndarray
) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    with pytest.raises(ValueError, match=key_of(1)):
        cache.write({key_of(1): {**row_of(1), field: values}})


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    cache = RowCache(tmp_path, ToyEncoder())
    cache.write(rows(1))
    assert cache.missing(keys(1)) == []
    shutil.rmtree(tmp_path)
    assert cache.missing(keys(1)) == keys(1)
    cache.write(rows(1))
    assert set(read(RowCache(tmp_path, ToyEncoder()), 1)) == set(keys(1))


def test_only_old_temporary_files_are_removed(tmp_path: Path) -> None:
    folder = RowCache(tmp_path, ToyEncoder()).folder
    old, new = folder / ".a.1.tmp", folder / ".b.2.tmp"
    old.touch()
    new.touch()
    os.utime(old, (0, time.time() - 7200))
    RowCache(tmp_path, ToyEncoder())
    assert not old.exists()
    assert new.exists()


def write_rows(root: Path, count: int) -> None:
    RowCache(root, ToyEncoder()).write(rows(*range(count)))


def test_a_full_disk_is_named_and_leaves_no_shard(tmp_path: Path) -> None:
    fault = fault_on_a_full_disk(write_rows, tmp_path, 1000)
    cache = RowCache(tmp_path, ToyEncoder())
    assert fault.startswith(f"UserError: cannot write {cache.folder}")
    assert "too large" in fault
    assert shards(cache) == []
    assert list(cache.folder.glob(".*")) == []


def test_a_root_that_is_no_folder_is_named(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.touch()
    with pytest.raises(UserError, match="Not a directory"):
        RowCache(root, ToyEncoder())


def test_the_root_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANANET_CACHE", "/somewhere/else")
    assert cache_root() == Path("/somewhere/else")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("ANANET_CACHE", "~/rows")
    assert cache_root() == Path("/home/me/rows")
    monkeypatch.delenv("ANANET_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/me/cache")
    assert cache_root() == Path("/home/me/cache/ananet")
