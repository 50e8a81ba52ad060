import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from pipeline.encoders.rows.assemble import assemble, collect
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.extract import extract
from pipeline.errors import UserError
from pipeline.features.store import MISSING, OK, UNREADABLE, read_store
from tests.encoders.rows.fresh_process import fault_of_an_ordinary_user, fault_on_a_full_disk
from tests.encoders.rows.toy_encoder import ToyEncoder, items, key_of, row_of


def keys(*numbers: int) -> list[str]:
    return [key_of(number) for number in numbers]


@pytest.fixture
def cache(tmp_path: Path) -> RowCache:
    cache = RowCache(tmp_path / "cache", ToyEncoder())
    cache.write({key_of(number): row_of(number) for number in (7, 2)})
    cache.write({key_of(number): row_of(number) for number in (3, 5, 0)})
    return cache


def test_rows_come_in_the_order_of_the_manifest(tmp_path: Path, cache: RowCache) -> None:
    out = tmp_path / "new" / "out.h5"
    assemble(out, ToyEncoder(), keys(5, 0, 7, 3, 2), cache, {"names": "[]"})
    with h5py.File(out) as file:
        assert file["keys"][...].tolist() == [key.encode() for key in keys(5, 0, 7, 3, 2)]
        np.testing.assert_array_equal(
            file["vector"][...], np.array([[5, 2.5], [0, 0], [7, 3.5], [3, 1.5], [2, 1]])
        )
        # Lengths are the numbers modulo 4.
        assert file["offsets"][...].tolist() == [0, 1, 1, 4, 7, 9]
        assert file["words"][:, 0].tolist() == [5, 7, 7, 7, 3, 3, 3, 2, 2]
        assert file["empty"][...].tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 1]
        assert file.attrs["names"] == "[]"
        assert '"weights": "a"' in file.attrs["fingerprint"]


def test_bad_sources_keep_their_row_and_borrow_nothing(tmp_path: Path, cache: RowCache) -> None:
    out = tmp_path / "out.h5"
    status = [OK, UNREADABLE, MISSING, OK]
    # Key 2 has a cached row, but its source is said to be bad now.
    assemble(out, ToyEncoder(), keys(7, 2, 99, 3), cache, status=status)
    with h5py.File(out) as file:
        assert file["status"][...].tolist() == [0, 2, 1, 0]
        assert file["vector"][...].tolist() == [[7, 3.5], [0, 0], [0, 0], [3, 1.5]]
        assert file["offsets"][...].tolist() == [0, 3, 3, 3, 6]


def test_rows_in_memory_are_those_of_the_file(tmp_path: Path, cache: RowCache) -> None:
    out, numbers, status = tmp_path / "out.h5", (7, 2, 99, 3, 0), [OK, UNREADABLE, MISSING, OK, OK]
    found = collect(out, ToyEncoder(), keys(*numbers), cache, status)
    assert not out.exists()
    assemble(out, ToyEncoder(), keys(*numbers), cache, status=status)
    with h5py.File(out) as file:
        names = set(file)
    written = read_store(out, names - {"keys"})
    assert found.keys() == written.keys()
    for name, expected in written.items():
        if isinstance(expected, np.ndarray):
            assert (found[name].dtype, found[name].shape) == (expected.dtype, expected.shape)
            assert found[name].tobytes() == expected.tobytes()
        else:
            assert found[name] == expected


def test_a_missing_row_is_named_in_memory_too(cache: RowCache) -> None:
    with pytest.raises(UserError, match=rf"lacks 1 of 2 rows for out\.h5 .*first: {key_of(98)}"):
        collect(Path("out.h5"), ToyEncoder(), keys(98, 3), cache)


def test_a_missing_row_is_named_and_the_earlier_file_stays(tmp_path: Path, cache: RowCache) -> None:
    out = tmp_path / "out.h5"
    out.write_bytes(b"earlier")
    with pytest.raises(UserError, match=rf"lacks 2 of 3 rows for .*first: {key_of(98)}"):
        assemble(out, ToyEncoder(), keys(98, 3, 99), cache)
    assert out.read_bytes() == b"earlier"


def assemble_numbers(out: Path, root: Path, numbers: list[int]) -> None:
    assemble(out, ToyEncoder(), keys(*numbers), RowCache(root, ToyEncoder()))


def test_a_full_disk_is_named_and_the_earlier_file_stays(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    cache = RowCache(root, ToyEncoder())
    for start in range(0, 1000, 50):
        cache.write({key_of(n): row_of(n) for n in range(start, start + 50)})
    out = tmp_path / "out.h5"
    out.write_bytes(b"earlier")
    fault = fault_on_a_full_disk(assemble_numbers, out, root, list(range(1000)))
    assert fault.startswith(f"UserError: cannot write {out}: File too large")
    assert out.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "out.h5"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that users can enter who cannot enter pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_read_only_folder_is_named_and_the_earlier_file_stays(open_folder: Path) -> None:
    root, out = open_folder / "cache", open_folder / "features" / "out.h5"
    RowCache(root, ToyEncoder()).write({key_of(7): row_of(7)})
    out.parent.mkdir()
    out.write_bytes(b"earlier")
    out.parent.chmod(0o555)
    fault = fault_of_an_ordinary_user(assemble_numbers, out, root, [7])
    assert fault.startswith(f"UserError: cannot write {out}: Permission denied")
    assert out.read_bytes() == b"earlier"
    assert list(out.parent.iterdir()) == [out]


def test_what_a_killed_run_left_half_written_goes_in_time(tmp_path: Path, cache: RowCache) -> None:
    half, other = tmp_path / ".out.h5.12ab.tmp", tmp_path / ".other.h5.12ab.tmp"
    for path in (half, other):
        path.touch()
    assemble(tmp_path / "out.h5", ToyEncoder(), keys(7), cache)
    assert half.exists()  # perhaps another run is at it
    for path in (half, other):
        os.utime(path, (0, time.time() - 7200))
    assemble(tmp_path / "out.h5", ToyEncoder(), keys(7), cache)
    assert not half.exists()
    assert other.exists()


def test_a_disk_without_the_room_is_named_before_the_start(
    tmp_path: Path, cache: RowCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Five rows of `vector` have 4 bytes each, and 3 + 2 + 3 + 1 + 0 of `words` 6 and `empty` 1.
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=82))
    with pytest.raises(UserError, match="it needs 83 bytes and 82 are free"):
        assemble(tmp_path / "out.h5", ToyEncoder(), keys(7, 2, 3, 5, 0), cache)


def test_a_key_twice_in_the_manifest_is_a_fault(tmp_path: Path, cache: RowCache) -> None:
    with pytest.raises(ValueError, match="twice"):
        assemble(tmp_path / "out.h5", ToyEncoder(), keys(3, 3), cache)


def test_no_rows_at_all(tmp_path: Path, cache: RowCache) -> None:
    assemble(tmp_path / "out.h5", ToyEncoder(), [], cache)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["vector"].shape == (0, 2)
        assert file["offsets"][...].tolist() == [0]


def test_the_history_of_the_cache_leaves_no_trace(tmp_path: Path) -> None:
    numbers = list(range(100))
    files = []
    for history in ([numbers], [numbers[::-1]], [numbers[::3], numbers[50:], numbers]):
        root = tmp_path / str(len(files))
        for part in history:
            encoder = ToyEncoder()
            cache = RowCache(root, encoder)
            extract(encoder, items(part), cache)
        out = root / "out.h5"
        assemble(out, encoder, keys(*numbers), cache, {"a": 1}, [OK] * 99 + [MISSING])
        files.append(out.read_bytes())
    assert files[0] == files[1] == files[2]
