import ast
import os
import sys
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.files import whole_file
from tests.tiny import ROOT


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


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
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


def test_a_system_that_opens_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows, which also syncs no file that is open for reading only."""
    real, written = os.open, set()

    def like_windows(path: Path, flags: int, mode: int = 0o777) -> int:
        if path.is_dir():
            raise PermissionError(13, "Permission denied")
        handle = real(path, flags, mode)
        if flags & os.O_RDWR:
            written.add(handle)
        return handle

    def sync(handle: int) -> None:
        if handle not in written:
            raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "open", like_windows)
    monkeypatch.setattr(os, "fsync", sync)
    with whole_file(tmp_path / "out") as temporary:
        temporary.touch()
    assert [*tmp_path.iterdir()] == [tmp_path / "out"]


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


# Of pandas, matplotlib, pathlib and numpy.
_WRITERS = {"to_csv", "to_parquet", "savefig", "write_text", "write_bytes", "open_memmap"}
# The first is what all others write by; of the second's file, DVC reads a line that never changes.
_FREE = ("pipeline/files.py", "stages/__main__.py")


def bare_writes(path: Path) -> list[str]:
    """Calls that write a file under its own name, not under that of a `whole_file`."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), []
    temporary = {
        item.optional_vars.id
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = node.args[0] if node.args else None
            if node.func.attr in ("write_text", "write_bytes"):
                target = node.func.value
            to_text = node.func.attr in ("to_csv", "to_parquet") and target is None
            is_temporary = isinstance(target, ast.Name) and target.id in temporary
            if node.func.attr in _WRITERS and not (is_temporary or to_text):
                found.append(f"{path.relative_to(ROOT)}, line {node.lineno}")
    return found


def test_every_file_appears_as_a_whole() -> None:
    sources = [*(ROOT / "pipeline").rglob("*.py"), *(ROOT / "stages").rglob("*.py")]
    names = {path: path.relative_to(ROOT).as_posix() for path in sources}
    assert [x for path in sources if names[path] not in _FREE for x in bare_writes(path)] == []
