"""Messages show names from files that others made, and must not let them rule the terminal."""

import errno
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipeline.errors import UserError, faults_in_one_line, printable, shortened
from tests.tiny import ROOT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\u001b[31mred\u0007"),
        ("a\rb\x9bc\x7f", r"a\u000db\u009bc\u007f"),
        ("gpj.\u202egnp", r"gpj.\u202egnp"),
        ("\udcff.jpg", r"\udcff.jpg"),
        ("two\nlines\tand é 🙂 👩‍👧", "two\nlines\tand é 🙂 👩‍👧"),
    ],
)
def test_what_could_rule_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_escaped_json_means_the_same() -> None:
    text = "".join(map(chr, [*range(0x300), *range(0x2000, 0x2070), 0xDFFF, 0xD800]))
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text


def test_a_message_of_a_command_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "\x1b]0;owned\x07").mkdir()
    command = [sys.executable, "-m", "pipeline", "predict", "--csv", str(tmp_path / "none.csv")]
    done = subprocess.run(
        [*command, "--images", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert r"\u001b]0;owned\u0007" in done.stderr
    assert "\x1b" not in done.stderr


def _because_of(cause: Exception) -> Exception:
    """A library's own error."""
    error = RuntimeError("cannot import x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (UserError("a\x1bb"), r"a\u001bb"),
        (
            OSError(errno.ENOSPC, "No space left on device", "data/x"),
            "data/x: No space left on device",
        ),
        (PermissionError(errno.EACCES, "Permission denied", b"x"), "b'x': Permission denied"),
        (OSError("short write"), "short write"),
        (MemoryError(), "the memory does not suffice: MemoryError"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes.\nat"),
            "the memory does not suffice: [enforce fail] DefaultCPUAllocator: can't allocate",
        ),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to"),
            "the memory does not suffice: CUDA",
        ),
        (RuntimeError("can't start new thread"), "the system lets no further thread start"),
        (sqlite3.OperationalError("disk I/O error"), "a database of DVC cannot be used: disk I/O"),
        (
            ImportError("x.so: failed to map segment from shared object"),
            "a library cannot be loaded: x.so: failed to map segment",
        ),
        (
            _because_of(OSError(errno.EMFILE, "Too many open files", "x.so")),
            "x.so: Too many open files",
        ),
        (_because_of(MemoryError()), "the memory does not suffice"),
    ],
)
def test_what_the_user_can_mend_ends_in_one_line(error: Exception, shown: str) -> None:
    with pytest.raises(SystemExit) as ended, faults_in_one_line():
        raise error
    assert str(ended.value).startswith(f"error: {shown}")
    assert "\n" not in str(ended.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shape"),
        KeyError("x"),
        ValueError("x"),
        ModuleNotFoundError("No module named 'x'"),
        _because_of(FileNotFoundError(errno.ENOENT, "No such file or directory", "x")),
    ],
)
def test_a_fault_of_the_program_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)), faults_in_one_line():
        raise error


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("é" * 1000, "é" * 1000),
        ("a" * 1001, f"{'a' * 1000} ..."),
        (f"x\n{'a' * 10**6}\ny", f"x\n{'a' * 1000} ...\ny"),
        ("\n" * 49, "\n" * 49),
        ("x\n" * 10**5, "x\n" * 50 + "..."),
    ],
)
def test_a_message_never_shows_a_whole_file(message: str, shown: str) -> None:
    assert shortened(message) == shown
    with pytest.raises(SystemExit) as ended, faults_in_one_line():
        raise UserError(message)
    assert len(str(ended.value)) < 2000


_UNTIL_NO_MEMORY_IS_LEFT = """
import resource, sys
from pathlib import Path
from pipeline.errors import end_in_one_line

sys.excepthook = end_in_one_line
error = MemoryError(" " + "x" * 2**20)  # a copy of its message needs a mebibyte
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize(),) * 2)
held = None
try:
    while True:
        held = held, bytes(2**18)
except MemoryError:
    raise error from None
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone holds a process to RLIMIT_AS")
def test_where_no_memory_is_left_there_is_some_for_the_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _UNTIL_NO_MEMORY_IS_LEFT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"error: the memory does not suffice: {'x' * 964} ...\n"
