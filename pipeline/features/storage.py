"""Where cached rows lie: in a folder, or in an object store that a URL names (s3://bucket/rows)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import fsspec

from pipeline.errors import UserError
from pipeline.files import remove_abandoned, whole_file

# Where a cache begins: a folder, or the text of a URL.
Root = Path | str

_THREADS = 16


class Storage(Protocol):
    """One flat place for small files, each of which appears whole or not at all.

    What takes a name raises FileNotFoundError where there is no such file, and UserError where the
    place cannot be reached.
    """

    @property
    def place(self) -> Root:
        """The folder or URL, for messages."""

    @property
    def reads_at_once(self) -> int:
        """How many threads should read together, so that none waits for a distant machine."""

    @property
    def keeps_checksums(self) -> bool:
        """Whether what is read is what was written, or else an error."""

    def names(self) -> set[str]:
        """All files that are there now."""

    def sizes(self) -> dict[str, int]:
        """Their bytes by name."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """A file, or its bytes from `start` to before `stop`."""

    def write(self, name: str, data: bytes) -> None:
        """Keep a file."""

    def touch(self, name: str) -> None:
        """Note that a file was used, as far as it is ours to note."""

    def touched(self, name: str) -> datetime:
        """When a file was last touched or written, in local time."""

    def rename(self, name: str, new: str) -> None:
        """Give a file another name."""

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""

    def tidy(self) -> None:
        """Delete what killed processes left half written."""

    def close(self) -> None:
        """Delete the place itself where it is empty."""


def open_storage(root: Root, *parts: str) -> Storage:
    """The place `parts` below a root; made when something is written there.

    Raises:
        UserError: the URL names a kind of store that cannot be had.
    """
    if isinstance(root, Path):
        return LocalFolder(root.joinpath(*parts))
    files, path = _filesystem(root)
    return ObjectStore(files, "/".join([path, *parts]))


def find_storages(root: Root, name: str) -> list[Storage]:
    """The places two levels below a root that have a file of this name."""
    if isinstance(root, Path):
        return [LocalFolder(path.parent) for path in root.glob(f"*/*/{name}")]
    files, path = _filesystem(root)
    with _named(root):
        files.invalidate_cache()
        found = files.glob(f"{path}/*/*/{name}")
    return [ObjectStore(files, file.rpartition("/")[0]) for file in found]


class LocalFolder:
    """A folder of this machine, or of one whose disk it mounts."""

    reads_at_once = 1
    keeps_checksums = False

    def __init__(self, path: Path) -> None:
        self.place = path

    def names(self) -> set[str]:
        return {path.name for path in self.place.glob("*")}

    def sizes(self) -> dict[str, int]:
        found = {}
        for name in self.names():
            with suppress(FileNotFoundError):  # another process was faster
                found[name] = (self.place / name).stat().st_size
        return found

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        with (self.place / name).open("rb") as file:
            file.seek(start)
            return file.read() if stop is None else file.read(stop - start)

    def write(self, name: str, data: bytes) -> None:
        with whole_file(self.place / name) as temporary:
            temporary.write_bytes(data)

    def touch(self, name: str) -> None:
        with suppress(PermissionError):  # a cache that others own can still be read
            os.utime(self.place / name)

    def touched(self, name: str) -> datetime:
        return datetime.fromtimestamp((self.place / name).stat().st_mtime)

    def rename(self, name: str, new: str) -> None:
        (self.place / name).replace(self.place / new)

    def remove(self, name: str) -> None:
        try:
            (self.place / name).unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"cannot delete {self.place / name}: {error.strerror}") from None

    def tidy(self) -> None:
        remove_abandoned(self.place)

    def close(self) -> None:
        for folder in (self.place, self.place.parent):
            with suppress(OSError):  # it holds something that is not ours
                folder.rmdir()


class ObjectStore:
    """A prefix of an object store, where a file appears whole by nature; any fsspec file system."""

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
        with _named(self._named(name)):
            data: bytes = self._files.cat_file(self._full(name), start=start or None, end=stop)
        return data

    def write(self, name: str, data: bytes) -> None:
        with _named(self._named(name)):
            self._files.makedirs(self._path, exist_ok=True)
            self._files.pipe_file(self._full(name), data)

    def touch(self, name: str) -> None:
        # A store keeps no time but that of writing.
        self.write(name, self.read(name))

    def touched(self, name: str) -> datetime:
        with _named(self._named(name)):
            self._files.invalidate_cache()
            when: datetime = self._files.modified(self._full(name))
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return aware.astimezone().replace(tzinfo=None)

    def rename(self, name: str, new: str) -> None:
        with _named(self._named(name)):
            self._files.mv(self._full(name), self._full(new))

    def remove(self, name: str) -> None:
        with _named(self._named(name)), suppress(FileNotFoundError):
            self._files.rm_file(self._full(name))

    def tidy(self) -> None:
        """Nothing is ever half written."""

    def close(self) -> None:
        """Prefixes end with their last file."""

    def _full(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _named(self, name: str) -> str:
        return f"{self.place}/{name}"


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
