import os
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.files import whole_file


def test_who_has_the_earlier_file_open_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("earlier")
    with path.open() as opened:
        with whole_file(path) as temporary:
            temporary.write_text("new")
            assert path.read_text() == "earlier"
        assert opened.read() == "earlier"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_are_on_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    synced: list[tuple[str, bool]] = []

    def record(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        synced.append((name, path.exists()))

    monkeypatch.setattr(os, "fsync", record)
    with whole_file(path) as temporary:
        temporary.touch()
    assert synced == [(temporary.name, False), (tmp_path.name, True)]


@pytest.mark.parametrize("fault", [UserError("wrong"), OSError("broken"), KeyboardInterrupt()])
def test_a_fault_keeps_the_earlier_file(tmp_path: Path, fault: BaseException) -> None:
    path = tmp_path / "out"
    path.write_text("earlier")

    def write_half() -> None:
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise fault

    with pytest.raises((UserError, KeyboardInterrupt)):
        write_half()
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with whole_file(path) as one, whole_file(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # the last to finish
