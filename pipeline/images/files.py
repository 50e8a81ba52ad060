"""Reads files from an untrusted zip archive or folder."""

import stat
import threading
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from pipeline.errors import UserError
from pipeline.faults import stop_if_any

# Larger than any post's image; a zip bomb would unpack to more.
MAX_BYTES = 64 * 2**20


class ImageError(Exception):
    """An image that cannot be read or decoded; the message is a short reason."""


class Archive:
    """The files of a zip archive, unpacked in memory only."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except MemoryError:
            raise
        except Exception as error:  # a damaged directory raises anything, as do unknown versions
            raise UserError(f"{path} cannot be read as a zip archive: {error}") from None
        # Unlike `is_dir`, this takes a member without a name.
        members = [m for m in self._zip.infolist() if not m.filename.endswith("/")]
        _check_members(path, members)
        self._members = {_portable(member): member for member in members}
        # One file handle, so one reader at a time; decoding, the slow part, comes later.
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> bytes:
        member = self._members[name]
        _check_size(member.file_size)
        try:
            with self._lock, self._zip.open(member) as file:
                return _read_bounded(file)
        except (ImageError, MemoryError):
            raise
        except Exception as error:  # the compressors' errors have no common base class
            raise ImageError(f"cannot be unpacked: {error}") from error

    def close(self) -> None:
        self._zip.close()


class Folder:
    """The files below a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._real_path = path.resolve()

    def names(self) -> list[str]:
        files = (file for file in self._path.rglob("*") if not file.is_dir())
        return [file.relative_to(self._path).as_posix() for file in files]

    def read(self, name: str) -> bytes:
        file = self._path / name
        try:
            if not file.resolve().is_relative_to(self._real_path):
                raise ImageError("is a link that leaves the folder")
            if not file.is_file():
                raise ImageError("is no regular file")
            _check_size(file.stat().st_size)
            with file.open("rb") as opened:
                return _read_bounded(opened)
        except (OSError, RuntimeError) as error:  # RuntimeError: circular links
            raise ImageError(f"cannot be read: {error}") from error

    def close(self) -> None:
        """Nothing is open."""


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    faults: list[str] = []
    seen: set[str] = set()
    for member in members:
        name = _portable(member)
        if reason := _refusal(member, name, seen):
            faults.append(f"{name!r}: {reason}")
        seen.add(name)
    hint = "Pack the images again: plain files, no password."
    stop_if_any(f"{path}: members that are refused", faults, hint)


def _refusal(member: zipfile.ZipInfo, name: str, seen: set[str]) -> str | None:
    if name == ".":
        return "has no name"
    if ".." in PurePosixPath(name).parts:
        return "leads out of the archive"
    if name.startswith("/") or PureWindowsPath(name).drive:
        return "is an absolute path"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link"
    if member.flag_bits & 1:
        return "is encrypted"
    if name in seen:
        return "is there twice"
    return None


def _portable(member: zipfile.ZipInfo) -> str:
    return PurePosixPath(member.filename.replace("\\", "/")).as_posix()


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise ImageError(f"{size} bytes are more than {MAX_BYTES}")


def _read_bounded(file: IO[bytes]) -> bytes:
    data = file.read(MAX_BYTES + 1)
    _check_size(len(data))
    return data
