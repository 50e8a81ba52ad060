"""Files that appear whole or not at all, and what tells them apart."""

import io
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

TEMPORARY_SUFFIX = ".tmp"
# Writing goes on all the time, so a temporary file untouched for so long has lost its process.
_ABANDONED_AFTER = 3600.0


@contextmanager
def whole_file(path: Path, size: int = 0) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is synced to disk and takes its name.

    size: bytes that must be free before the start.

    A process that dies in between leaves `path` as it was. The temporary name is unique, so two
    processes may write the same path; the later one wins.

    Raises:
        UserError: the folder or disk does not take the file, naming both.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path.parent).free
        if size > free:
            raise OSError(f"it needs {size:,} bytes and {free:,} are free")
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"cannot write {path}: {reason}; any earlier {path.name} is kept"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes in hex, read piece by piece."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def remove_abandoned(folder: Path, name: str = "*") -> None:
    """Delete what processes that were killed left half written of the files of this name."""
    for path in folder.glob(f".{name}.*{TEMPORARY_SUFFIX}"):
        with suppress(OSError):  # another process was faster, or it is not ours
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER:
                path.unlink()


class PatientFile(io.FileIO):
    """A new file that takes every write, and keeps the first fault until `end`.

    For libraries that do not survive a write that fails.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+b")
        self._fault: OSError | None = None

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest:
                rest = rest[super().write(rest) :]
        except OSError as fault:
            self._fault = self._fault or fault
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as fault:
            self._fault = self._fault or fault
            return size or 0

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; what lies behind the end, or was not taken, reads as zeros."""
        view = memoryview(buffer).cast("B")
        found = super().readinto(view) or 0
        view[found:] = bytes(len(view) - found)
        return len(view)

    def end(self) -> None:
        """Close the file.

        Raises:
            OSError: the first fault of all writes.
        """
        self.close()
        if self._fault is not None:
            raise self._fault


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
