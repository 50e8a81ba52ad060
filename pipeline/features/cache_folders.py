"""The row cache as its owner sees it: what it holds, whether that is sound, and what may go."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from safetensors import SafetensorError

from pipeline.features.rows import DAMAGED_SUFFIX, FINGERPRINT
from pipeline.features.shards import SHARD_SUFFIX, read_keys, shard_name
from pipeline.features.storage import Root, Storage, find_storages
from pipeline.files import TEMPORARY_SUFFIX


@dataclass(frozen=True)
class CacheFolder:
    """The rows of one encoder with one fingerprint."""

    storage: Storage
    last_use: datetime

    @property
    def encoder(self) -> str:
        return str(self.storage.place).split("/")[-2]

    @property
    def digest(self) -> str:
        """Of the fingerprint."""
        return str(self.storage.place).split("/")[-1]

    @property
    def shards(self) -> list[str]:
        """The names of the shards."""
        return self._names(SHARD_SUFFIX)

    @property
    def bytes(self) -> int:
        """What the folder takes on disk, shards set aside as damaged included."""
        sizes = self.storage.sizes()
        return sum(size for name, size in sizes.items() if _is_own(name))

    def count_rows(self) -> int:
        """The number of distinct keys; a shard that cannot be read counts as empty."""
        keys: set[str] = set()
        for shard in self.shards:
            with suppress(SafetensorError, FileNotFoundError):
                keys.update(read_keys(partial(self.storage.read, shard)))
        return len(keys)

    def set_aside(self) -> list[str]:
        """The shards that an extraction found damaged."""
        return self._names(DAMAGED_SUFFIX)

    def path(self, name: str) -> str:
        """A file's full name, for messages."""
        return f"{self.storage.place}/{name}"

    def is_sound(self, shard: str) -> bool:
        """Whether a shard's bytes are those that were written; true for one that is gone by now."""
        try:
            return shard_name(self.storage.read(shard)) == shard
        except FileNotFoundError:
            return True

    def remove(self) -> None:
        """Delete the rows. An extraction that is using them computes what it needs again.

        Raises:
            UserError: a file cannot be deleted.
        """
        # The fingerprint last, so that what a killed removal leaves is still listed.
        for name in (*filter(_is_own, sorted(self.storage.names())), FINGERPRINT):
            self.storage.remove(name)
        self.storage.close()

    def _names(self, suffix: str) -> list[str]:
        return sorted(name for name in self.storage.names() if name.endswith(suffix))


def _is_own(name: str) -> bool:
    abandoned = name.startswith(".") and name.endswith(TEMPORARY_SUFFIX)
    return abandoned or name.endswith((SHARD_SUFFIX, DAMAGED_SUFFIX))


def cache_folders(root: Root) -> list[CacheFolder]:
    """What a row cache holds, by encoder, the last used first."""
    found = [
        CacheFolder(storage, storage.touched(FINGERPRINT))
        for storage in find_storages(root, FINGERPRINT)
    ]
    found.sort(key=lambda folder: folder.last_use, reverse=True)
    return sorted(found, key=lambda folder: folder.encoder)


def prunable(
    folders: Sequence[CacheFolder],
    encoder: str | None = None,
    older_than: timedelta | None = None,
    superseded: bool = False,
) -> Iterator[CacheFolder]:
    """The folders that meet every condition given.

    encoder: of this name. older_than: not used for so long. superseded: another fingerprint of
    the same encoder was used later.
    """
    now = datetime.now()
    latest = {f.encoder: f for f in sorted(folders, key=lambda folder: folder.last_use)}
    for folder in folders:
        if encoder is not None and folder.encoder != encoder:
            continue
        if older_than is not None and now - folder.last_use < older_than:
            continue
        if superseded and latest[folder.encoder] is folder:
            continue
        yield folder
