"""Inspecting and pruning the row cache."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from safetensors import SafetensorError

from pipeline.encoders.rows.cache import DAMAGED_SUFFIX, FINGERPRINT
from pipeline.encoders.rows.encoder import fields_of
from pipeline.encoders.rows.shards import SHARD_SUFFIX, check_shard, read_keys, shard_name
from pipeline.encoders.rows.storage import Root, Storage, find_storages
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
        return self._names(SHARD_SUFFIX)

    @property
    def bytes(self) -> int:
        """The folder's size on disk, shards set aside as damaged included."""
        return sum(size for name, size in self.storage.sizes().items() if _is_ours(name))

    def count_rows(self) -> int:
        """The number of distinct keys; a shard that cannot be read counts as empty."""
        keys: set[str] = set()
        for shard in self.shards:
            with suppress(SafetensorError, FileNotFoundError):
                keys.update(read_keys(partial(self.storage.read, shard)))
        return len(keys)

    def set_aside(self) -> list[str]:
        """The names of the shards set aside as damaged."""
        return self._names(DAMAGED_SUFFIX)

    def path(self, name: str) -> str:
        """A file's full name, for messages."""
        return f"{self.storage.place}/{name}"

    def is_sound(self, shard: str) -> bool:
        """Whether the next extraction would take a shard's rows; true for one that is gone."""
        try:
            data = self.storage.read(shard)
            check_shard(data, fields_of(self.storage.read(FINGERPRINT).decode()))
        except FileNotFoundError:
            return True
        except SafetensorError:
            return False
        return shard_name(data) == shard

    def remove(self) -> None:
        """Delete the rows. An extraction that is using them computes what it needs again.

        Raises:
            UserError: a file cannot be deleted.
        """
        # The fingerprint last, so that the folder stays listed if this is killed.
        for name in (*filter(_is_ours, sorted(self.storage.names())), FINGERPRINT):
            self.storage.remove(name)
        self.storage.close()

    def _names(self, suffix: str) -> list[str]:
        return sorted(name for name in self.storage.names() if name.endswith(suffix))


def _is_ours(name: str) -> bool:
    abandoned = name.startswith(".") and name.endswith(TEMPORARY_SUFFIX)
    return abandoned or name.endswith((SHARD_SUFFIX, DAMAGED_SUFFIX))


def cache_folders(root: Root) -> list[CacheFolder]:
    """The folders of a row cache, by encoder, most recently used first.

    Raises:
        UserError: the cache cannot be read.
    """
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
) -> list[CacheFolder]:
    """The folders that meet every condition given.

    encoder: its name. older_than: not used for this long. superseded: another fingerprint of the
    same encoder was used later.
    """
    now = datetime.now()
    latest = {f.encoder: f for f in sorted(folders, key=lambda folder: folder.last_use)}
    return [
        folder
        for folder in folders
        if encoder in (None, folder.encoder)
        and (older_than is None or now - folder.last_use >= older_than)
        and not (superseded and latest[folder.encoder] is folder)
    ]
