"""The row cache: computed rows in immutable shards, one folder per encoder and fingerprint.

The root is a folder, or the URL of an object store (pipeline/encoders/rows/storage.py).

    <root>/<encoder name>/<identity digest>/
        fingerprint.json             the identity as JSON; its time is that of the last use
        <sha256 of the file>.safetensors    a shard, see pipeline/encoders/rows/shards.py

A shard's name is the digest of its bytes. So damage shows, and processes need no lock: the same
rows have the same name, and different ones never do. The name does not say who computed the rows:
keys, types, shapes and finiteness are checked too, but values are believed.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import platformdirs
from safetensors import SafetensorError

from pipeline.encoders.rows.encoder import Encoder, Row, identity, identity_digest
from pipeline.encoders.rows.shards import (
    SHARD_SUFFIX,
    check_row,
    check_shard,
    pack,
    read_keys,
    read_lengths,
    shard_name,
    unpack,
)
from pipeline.encoders.rows.storage import Root, open_storage
from pipeline.errors import UserError

logger = logging.getLogger(__name__)

FINGERPRINT = "fingerprint.json"
DAMAGED_SUFFIX = ".damaged"


def cache_root() -> Root:
    """Where rows are kept: $ANANET_CACHE, a folder or URL, or else the user's cache folder."""
    named = os.environ.get("ANANET_CACHE") or platformdirs.user_cache_dir("ananet")
    return named if "://" in named else Path(named).expanduser()


class RowCache:
    """The rows of one encoder with one fingerprint. Keys are sha256 hex digests.

    shard_bytes: of rows that extraction collects before it writes a shard; what a killed process
    can lose at most, and a size that keeps shards few.
    """

    shard_bytes = 8 * 2**20

    def __init__(self, root: Root, encoder: Encoder) -> None:
        self.root = root if isinstance(root, str) else root.absolute()
        self._storage = open_storage(root, encoder.name, identity_digest(encoder))
        self.folder = self._storage.place
        self._name = encoder.name
        self._fields = encoder.fields
        self._identity = identity(encoder)
        self._shard_of: dict[str, str] = {}
        self._known: set[str] = set()
        self._verified: set[str] = set()
        self._open_folder()
        self._storage.tidy()

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys without an intact row, in order and without duplicates.

        Lists the folder again, so rows that other processes have finished count. Shards with wanted
        rows are checked once, and damaged ones set aside; a storage with
        checksums leaves that to `read`, since reading a shard twice is slow there.
        """
        wanted = list(dict.fromkeys(keys))
        self._refresh()
        if not self._storage.keeps_checksums:
            needed = {self._shard_of[key] for key in wanted if key in self._shard_of}
            for name in sorted(needed - self._verified):
                self._load(name)
        return [key for key in wanted if key not in self._shard_of]

    def write(self, rows: Mapping[str, Row]) -> None:
        """Write rows as one new shard, synced to disk on return.

        Raises:
            UserError: a value is not finite, or the shard cannot be written.
        """
        for key, row in rows.items():
            check_row(f"{self._name} row {key}", row, self._fields)
        data = pack(rows, self._fields)
        name = shard_name(data)
        self._open_folder()
        self._storage.write(name, data)
        self._verified.add(name)

    def read(self, keys: Iterable[str]) -> Iterator[dict[str, Row]]:
        """Yield the rows of the keys, shard by shard.

        Raises:
            UserError: a key has no intact row.
        """
        for name, wanted in self._by_shard(keys).items():
            data = self._load(name)
            if data is None:
                raise self._lost(name)
            yield unpack(data, self._fields, wanted)

    def lengths(self, keys: Iterable[str]) -> dict[str, int]:
        """The length of each key's ragged fields; reads no values.

        Raises:
            UserError: a key has no intact row.
        """
        found: dict[str, int] = {}
        for name, wanted in self._by_shard(keys).items():
            try:
                lengths = read_lengths(partial(self._storage.read, name))
            except (FileNotFoundError, SafetensorError):
                raise self._lost(name) from None
            found.update((key, lengths[key]) for key in wanted)
        return found

    def _open_folder(self) -> None:
        try:
            if self._storage.read(FINGERPRINT).decode() != self._identity:
                raise UserError(
                    f"{self._path(FINGERPRINT)} describes another encoder; delete {self.folder}"
                )
            self._storage.touch(FINGERPRINT)
        except (FileNotFoundError, NotADirectoryError):
            self._storage.write(FINGERPRINT, self._identity.encode())

    def _refresh(self) -> None:
        present = {name for name in self._storage.names() if name.endswith(SHARD_SUFFIX)}
        if gone := self._known - present:
            self._forget(gone)
        new = sorted(present - self._known)
        with ThreadPoolExecutor(self._storage.reads_at_once) as pool:
            for name, found in zip(new, pool.map(self._keys_of, new), strict=True):
                if isinstance(found, SafetensorError):
                    self._set_aside(name, str(found))
                    continue
                self._known.add(name)
                for key in found:
                    self._shard_of.setdefault(key, name)

    def _keys_of(self, name: str) -> list[str] | SafetensorError:
        try:
            return read_keys(partial(self._storage.read, name))
        except FileNotFoundError:
            return []
        except SafetensorError as error:
            return error

    def _forget(self, names: set[str]) -> None:
        self._known -= names
        self._verified -= names
        self._shard_of = {k: name for k, name in self._shard_of.items() if name not in names}

    def _by_shard(self, keys: Iterable[str]) -> dict[str, list[str]]:
        wanted = list(dict.fromkeys(keys))
        if not self._shard_of.keys() >= set(wanted):
            self._refresh()
        shards: dict[str, list[str]] = {}
        for key in wanted:
            if key not in self._shard_of:
                raise UserError(f"{self.folder} has no row for {key}; run the extraction again")
            shards.setdefault(self._shard_of[key], []).append(key)
        return shards

    def _load(self, name: str) -> bytes | None:
        try:
            data = self._storage.read(name)
        except FileNotFoundError:
            self._forget({name})
            return None
        if shard_name(data) != name:
            self._set_aside(name, "its bytes do not match its name")
            return None
        if name not in self._verified:
            try:
                check_shard(data, self._fields)
            except SafetensorError as error:
                self._set_aside(name, str(error))
                return None
            self._verified.add(name)
        return data

    def _lost(self, name: str) -> UserError:
        return UserError(f"{self._path(name)} is missing or damaged; run the extraction again")

    def _set_aside(self, name: str, reason: str) -> None:
        self._forget({name})
        try:
            self._storage.rename(name, str(Path(name).with_suffix(DAMAGED_SUFFIX)))
        except FileNotFoundError:
            return  # another process was faster
        logger.warning(
            "%s is damaged (%s); set aside, its rows are computed again", self._path(name), reason
        )

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}"
