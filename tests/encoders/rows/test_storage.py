"""Folders and object stores behave alike, and so does the row cache in either."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.encoders.rows.cache import RowCache, cache_root
from pipeline.encoders.rows.extract import extract
from pipeline.encoders.rows.storage import Root, find_storages, open_storage
from pipeline.errors import UserError
from tests.encoders.rows.toy_encoder import ToyEncoder, extract_and_assemble, items, key_of, row_of


@pytest.fixture(params=["folder", "store"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Root:
    # fsspec keeps the files of memory:// in a dictionary that all file systems share.
    return tmp_path if request.param == "folder" else f"memory:/{tmp_path}"


def test_a_file_is_kept_read_in_part_renamed_and_deleted(root: Root) -> None:
    storage = open_storage(root, "toy", "digest")
    assert storage.names() == set()
    storage.write("a", b"0123456789")
    storage.write("a", b"abcdefghij")
    storage.write("b", b"")
    assert storage.sizes() == {"a": 10, "b": 0}
    assert storage.read("a") == b"abcdefghij"
    assert storage.read("a", 0, 3) == b"abc"
    assert storage.read("a", 8, 99) == b"ij"
    storage.rename("a", "c")
    storage.remove("b")
    storage.remove("b")  # another process may have been faster
    assert storage.names() == {"c"}


@pytest.mark.parametrize("action", ["read", "touch", "rename"])
def test_a_file_that_is_not_there_is_told_from_other_faults(root: Root, action: str) -> None:
    storage = open_storage(root, "toy", "digest")
    storage.write("other", b"")
    arguments = ("gone", "new") if action == "rename" else ("gone",)
    with pytest.raises(FileNotFoundError):
        getattr(storage, action)(*arguments)


def test_touching_moves_the_time_of_the_last_use(root: Root) -> None:
    storage = open_storage(root, "toy", "digest")
    storage.write("a", b"1")
    first = storage.touched("a")
    assert abs(datetime.now() - first) < timedelta(minutes=5)
    storage.touch("a")
    assert storage.touched("a") > first
    assert storage.read("a") == b"1"


def test_places_are_found_by_a_file_they_have(root: Root) -> None:
    for encoder, name in [("toy", "mark"), ("toy", "other"), ("bert", "mark")]:
        open_storage(root, encoder, name).write(name, b"")
    found = [str(storage.place) for storage in find_storages(root, "mark")]
    ends = sorted(place.rsplit("/", 2)[1:] for place in found)
    assert ends == [["bert", "mark"], ["toy", "mark"]]


def test_rows_come_back_from_either(root: Root) -> None:
    RowCache(root, ToyEncoder()).write({key_of(number): row_of(number) for number in range(5)})
    cache = RowCache(root, ToyEncoder())
    assert cache.missing([key_of(4), key_of(5)]) == [key_of(5)]
    assert cache.lengths([key_of(3)]) == {key_of(3): 3}
    ((key, found),) = (item for shard in cache.read([key_of(3)]) for item in shard.items())
    assert key == key_of(3)
    for name, values in row_of(3).items():
        np.testing.assert_array_equal(found[name], values)


def test_the_file_is_the_same_from_either_and_nothing_is_computed_twice(
    root: Root, tmp_path: Path
) -> None:
    straight, out = tmp_path / "straight.h5", tmp_path / "out.h5"
    extract_and_assemble(tmp_path / "straight", straight, 60)
    first = ToyEncoder()
    extract(first, items(range(40)), RowCache(root, first))
    assert extract_and_assemble(root, out, 60) == 20
    assert out.read_bytes() == straight.read_bytes()


@pytest.mark.parametrize("part", ["keys", "values"])
def test_a_damaged_shard_of_a_store_is_set_aside_and_computed_again(
    tmp_path: Path, part: str
) -> None:
    root, out = f"memory:/{tmp_path}", tmp_path / "out.h5"
    extract_and_assemble(root, out, 30)
    whole = out.read_bytes()
    storage = open_storage(root, "toy", str(RowCache(root, ToyEncoder()).folder).split("/")[-1])
    (shard,) = (name for name in storage.names() if name.endswith(".safetensors"))
    data = bytearray(storage.read(shard))
    data[8 if part == "keys" else -1] ^= 1  # the first sign of the header, or the last value
    storage.write(shard, bytes(data))
    if part == "values":
        with pytest.raises(UserError, match="run the extraction again"):
            extract_and_assemble(root, out, 30)
    assert extract_and_assemble(root, out, 30) == 30
    assert out.read_bytes() == whole
    assert any(name.endswith(".damaged") for name in storage.names())


def test_the_root_may_be_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANANET_CACHE", "s3://bucket/rows")
    assert cache_root() == "s3://bucket/rows"


def test_a_store_of_an_unknown_kind_is_named() -> None:
    with pytest.raises(UserError, match=r"nothing://here.*requirements-cluster"):
        RowCache("nothing://here", ToyEncoder())


def test_a_store_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = f"memory:/{tmp_path}"
    cache = RowCache(root, ToyEncoder())

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.pipe_file", refuse)
    with pytest.raises(UserError, match=rf"{tmp_path}/toy/.*: ConnectionError: no route to host"):
        cache.write({key_of(1): row_of(1)})
