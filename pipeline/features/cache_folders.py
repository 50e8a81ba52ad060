"""The row cache as its owner sees it: what it holds, whether that is sound, and what may go."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from safetensors import SafetensorError

from pipeline.errors import UserError
from pipeline.features.rows import DAMAGED_SUFFIX, FINGERPRINT
from pipeline.features.shards import SHARD_SUFFIX, read_keys, shard_name
from pipeline.files import TEMPORARY_SUFFIX


@dataclass(frozen=True)
class CacheFolder:
    """The rows of one encoder with one fingerprint."""

    path: Path
    last_use: datetime

    @property
    def encoder(self) -> str:
        return self.path.parent.name

    @property
    def shards(self) -> list[Path]:
        return sorted(self.path.glob(f"*{SHARD_SUFFIX}"))

    @property
    def bytes(self) -> int:
        """What the folder takes on disk, shards set aside as damaged included."""
        return sum(path.stat().st_size for path in self._own_files())

    def count_rows(self) -> int:
        """The number of distinct keys; a shard that cannot be read counts as empty."""
        keys: set[str] = set()
        for shard in self.shards:
            with suppress(SafetensorError, FileNotFoundError):
                keys.update(read_keys(shard))
        return len(keys)

    def set_aside(self) -> list[Path]:
        """The shards that an extraction found damaged."""
        return sorted(self.path.glob(f"*{DAMAGED_SUFFIX}"))

    def remove(self) -> None:
        """Delete the rows. An extraction that is using them computes what it needs again.

        Raises:
            UserError: a file cannot be deleted.
        """
        # The fingerprint last, so that what a killed removal leaves is still listed.
        for path in (*self._own_files(), self.path / FINGERPRINT):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise UserError(f"cannot delete {path}: {error.strerror}") from None
        for folder in (self.path, self.path.parent):
            with suppress(OSError):  # it holds something that is not ours
                folder.rmdir()

    def _own_files(self) -> list[Path]:
        abandoned = self.path.glob(f".*{TEMPORARY_SUFFIX}")
        return [*self.shards, *self.set_aside(), *abandoned]


def cache_folders(root: Path) -> list[CacheFolder]:
    """What a row cache holds, by encoder, the last used first."""
    found = [
        CacheFolder(path.parent, datetime.fromtimestamp(path.stat().st_mtime))
        for path in root.glob(f"*/*/{FINGERPRINT}")
    ]
    found.sort(key=lambda folder: folder.last_use, reverse=True)
    return sorted(found, key=lambda folder: folder.encoder)


def is_sound(shard: Path) -> bool:
    """Whether a shard's bytes are those that were written; true for one that is gone by now."""
    try:
        return shard_name(shard.read_bytes()) == shard.name
    except FileNotFoundError:
        return True


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
