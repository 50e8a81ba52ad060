"""Storage of the row cache: a folder, or an object store given by its URL (s3://bucket/rows)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec

from pipeline.errors import UserError
from pipeline.files import remove_abandoned, whole_file

# A folder, or a URL.
Root = Path | str

_THREADS = 16


class LocalFolder:
    """A flat folder, local or mounted, whose files each appear whole or not at all.

    place: the folder, or the URL of an `ObjectStore`, for messages. reads_at_once: how many threads
    should read together, so that none waits for a distant machine. keeps_checksums: whether a read
    returns the bytes that were written, or else fails.

    What takes a name raises FileNotFoundError where there is no such file, and UserError where the
    place cannot be reached.
    """

    reads_at_once = 1
    keeps_checksums = False

    def __init__(self, path: Path) -> None:
        self.place = path

    def names(self) -> set[str]:
        """All files that are there now."""
        return {path.name for path in self.place.glob("*")}

    def sizes(self) -> dict[str, int]:
        """The files' sizes in bytes, by name."""
        found = {}
        for name in self.names():
            with suppress(FileNotFoundError):  # another process was faster
                found[name] = (self.place / name).stat().st_size
        return found

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """A file, or its bytes from `start` to before `stop`."""
        with (self.place / name).open("rb") as file:
            file.seek(start)
            return file.read() if stop is None else file.read(stop - start)

    def write(self, name: str, data: bytes | bytearray) -> None:
        with whole_file(self.place / name) as temporary:
            temporary.write_bytes(data)

    def touch(self, name: str) -> None:
        """Note that a file was used, where this process may."""
        with suppress(PermissionError):  # a cache that others own can still be read
            os.utime(self.place / name)

    def touched(self, name: str) -> datetime:
        """When a file was last touched or written, in local time."""
        return datetime.fromtimestamp((self.place / name).stat().st_mtime)

    def rename(self, name: str, new: str) -> None:
        (self.place / name).replace(self.place / new)

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        try:
            (self.place / name).unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"cannot delete {self.place / name}: {error.strerror}") from None

    def tidy(self) -> None:
        """Delete what killed processes left half written."""
        remove_abandoned(self.place)

    def close(self) -> None:
        """Delete the place itself where it is empty."""
        for folder in (self.place, self.place.parent):
            with suppress(OSError):  # it holds something that is not ours
                folder.rmdir()


class ObjectStore:
    """A prefix in an object store or any other fsspec file system; methods as in `LocalFolder`."""

    reads_at_once = _THREADS
    keeps_checksums = True

    def __init__(self, files: Any, path: str) -> None:
        self._files, self._path = files, path
        self.place: str = files.unstrip_protocol(path)

    def names(self) -> set[str]:
        return set(self.sizes())

    def sizes(self) -> dict[str, int]:
        with _named(self.place):
            # Other machines write here too, so that no earlier answer holds.
            self._files.invalidate_cache()
            try:
                found = self._files.ls(self._path, detail=True)
            except FileNotFoundError:
                return {}
        files = (entry for entry in found if entry["type"] == "file")
        return {entry["name"].rpartition("/")[2]: int(entry["size"]) for entry in files}

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        with self._at(name) as path:
            data: bytes = self._files.cat_file(path, start=start or None, end=stop)
        return data

    def write(self, name: str, data: bytes | bytearray) -> None:
        with self._at(name) as path:
            self._files.makedirs(self._path, exist_ok=True)
            self._files.pipe_file(path, bytes(data))

    def touch(self, name: str) -> None:
        # A store keeps no time but that of writing.
        self.write(name, self.read(name))

    def touched(self, name: str) -> datetime:
        with self._at(name) as path:
            self._files.invalidate_cache()
            when: datetime = self._files.modified(path)
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return aware.astimezone().replace(tzinfo=None)

    def rename(self, name: str, new: str) -> None:
        with self._at(name) as path:
            self._files.mv(path, f"{self._path}/{new}")

    def remove(self, name: str) -> None:
        with self._at(name) as path, suppress(FileNotFoundError):
            self._files.rm_file(path)

    def tidy(self) -> None:
        """Nothing is ever half written."""

    def close(self) -> None:
        """Prefixes end with their last file."""

    @contextmanager
    def _at(self, name: str) -> Iterator[str]:
        with _named(f"{self.place}/{name}"):
            yield f"{self._path}/{name}"


Storage = LocalFolder | ObjectStore


def open_storage(root: Root, *parts: str) -> Storage:
    """The folder or prefix `parts` below a root; created by the first write.

    Raises:
        UserError: the URL's kind of store is unknown or not installed.
    """
    if isinstance(root, Path):
        return LocalFolder(root.joinpath(*parts))
    files, path = _filesystem(root)
    return ObjectStore(files, "/".join([path, *parts]))


def find_storages(root: Root, name: str) -> list[Storage]:
    """The folders or prefixes two levels below a root that have a file of this name.

    Raises:
        UserError: the URL's kind of store is unknown or not installed, or cannot be reached.
    """
    if isinstance(root, Path):
        return [LocalFolder(path.parent) for path in root.glob(f"*/*/{name}")]
    files, path = _filesystem(root)
    with _named(root):
        files.invalidate_cache()
        found = files.glob(f"{path}/*/*/{name}")
    return [ObjectStore(files, file.rpartition("/")[0]) for file in found]


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        files, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:  # the store's package, or its name, is not known
        raise UserError(
            f"{url}: {error}; pip install -r requirements-cluster.txt has what s3:// needs"
        ) from None
    return files, path.rstrip("/")


@contextmanager
def _named(place: Root) -> Iterator[None]:
    """Name the place in every fault but the one that callers expect."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:  # every store has errors of its own, with no base class in common
        raise UserError(f"{place}: {type(error).__name__}: {error}") from error
