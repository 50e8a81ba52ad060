"""Atomic writing of files, hashes, and files that come as Python packages."""

import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

TEMPORARY_SUFFIX = ".tmp"
# Seconds. Writers touch their file all the time, so the writer of an older one has died.
_ABANDONED_AFTER = 3600.0

# JSON values of everything that decides a result.
Fingerprint = dict[str, Any]


@contextmanager
def whole_file(path: Path, size: int = 0) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which replaces `path` on success, synced to disk.

    A process that dies in between leaves `path` as it was. The temporary name is unique, so two
    processes may write the same path; the later one wins.

    size: bytes that must be free before the start.

    Raises:
        UserError: the file cannot be written, with the system's reason.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _require_free(path.parent, size)
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"cannot write {path}: {reason}; any earlier {path.name} is kept"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file as a whole.

    Raises:
        UserError: it cannot be written.
    """
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _require_free(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OSError(f"it needs {size:,} bytes and {free:,} are free")


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def digest(fingerprint: Fingerprint) -> str:
    """The sha256 of a fingerprint as JSON with sorted keys, in hex."""
    return sha256(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()


def remove_abandoned(folder: Path, name: str = "*") -> None:
    """Delete temporary files that killed processes left of the files of this name."""
    for path in folder.glob(f".{name}.*{TEMPORARY_SUFFIX}"):
        with suppress(OSError):  # already deleted, or another user's
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER:
                path.unlink()


class PatientFile(io.FileIO):
    """A new file that accepts every write and raises the first fault in `end`.

    For libraries that crash when a write fails.
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
        """Fill the buffer, with zeros beyond the end or where a write failed."""
        view = memoryview(buffer).cast("B")
        size = super().readinto(view) or 0
        view[size:] = bytes(len(view) - size)
        return len(view)

    def end(self) -> None:
        """Close the file.

        Raises:
            OSError: the first fault of all writes.
        """
        self.close()
        if self._fault is not None:
            raise self._fault


def _sync(path: Path, flags: int = os.O_RDWR) -> None:
    # Windows syncs no file that is open for reading only.
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    with suppress(PermissionError):  # Windows opens no folder
        _sync(path, os.O_RDONLY)


def packaged_files(package: str, folder: str, digests: Mapping[str, str], user: str) -> list[Path]:
    """Files of an installed package, each checked against its sha256.

    folder: below the package's own. digests: sha256 by file name. user: named in messages.

    Raises:
        UserError: the package is missing, or a file is another one.
    """
    spec = find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise UserError(f"{user} needs the package {package}; run: pip install -r requirements.txt")
    paths = [Path(spec.origin).parent / folder / name for name in digests]
    for path in paths:
        if (found := file_hash(path)) != digests[path.name]:
            raise UserError(
                f"{path}: sha256 is {found}, expected {digests[path.name]}; install {package} again"
            )
    return paths
