"""Compute the rows that the cache lacks: decode ahead of the model, write behind it."""

import os
import random
import time
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from tqdm import tqdm

from pipeline.features.encoder import Encoder, Row
from pipeline.features.rows import RowCache

Item = tuple[str, Any]

# What a killed process can lose at most, and the size that keeps shards few.
_SHARD_BYTES = 8 * 2**20
_SHARD_SECONDS = 20.0
# Keys between two looks at what other processes have finished.
_BLOCK = 64
# Loaded items that may wait for others of their group, in batches.
_WAITING_BATCHES = 16
_MOST_WORKERS = 8


def extract(encoder: Encoder, items: Iterable[Item], cache: RowCache) -> int:
    """Compute and keep the row of every (key, source) that the cache lacks.

    Rows that are finished when an error or a signal ends the run are kept.

    Returns: the number of rows computed here.
    """
    sources = dict(items)
    todo = cache.missing(sources)
    if not todo:
        return 0
    clock = _Clock()
    with (
        tqdm(total=len(todo), desc=encoder.name, unit="row", mininterval=0.5) as bar,
        _Writer(cache, clock) as writer,
        _Loader(encoder, _todo_in_blocks(cache, todo, bar), sources, clock) as loader,
    ):
        for keys, batch in _batches(encoder, loader):
            with clock("compute"):
                rows = encoder.encode(_filled(batch, encoder.batch_size))[: len(keys)]
            writer.add(dict(zip(keys, rows, strict=True)))
            bar.set_postfix_str(clock.split(), refresh=False)
            bar.update(len(keys))
    return writer.written


class _Clock:
    """Where the main thread's time goes: waiting for decoded items, the model, or the writer."""

    def __init__(self) -> None:
        self._seconds = {"decode": 0.0, "compute": 0.0, "write": 0.0}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._seconds[part] += time.perf_counter() - start

    def split(self) -> str:
        total = sum(self._seconds.values()) or 1.0
        return ", ".join(f"{part} {s / total:.0%}" for part, s in self._seconds.items())


def _todo_in_blocks(cache: RowCache, todo: list[str], bar: "tqdm[Any]") -> Iterator[str]:
    """Yield the keys block by block, leaving out what another process has finished by then.

    Each process takes the blocks in an order of its own, so two of them rarely meet; rows do not
    depend on the order.
    """
    blocks = [todo[i : i + _BLOCK] for i in range(0, len(todo), _BLOCK)]
    random.SystemRandom().shuffle(blocks)
    for block in blocks:
        missing = cache.missing(block)
        bar.update(len(block) - len(missing))
        yield from missing


class _Loader:
    """Iterates over (key, loaded item); worker threads load a bounded number of items ahead."""

    def __init__(
        self, encoder: Encoder, keys: Iterator[str], sources: dict[str, Any], clock: _Clock
    ) -> None:
        workers = min(os.cpu_count() or 1, _MOST_WORKERS)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="load")
        self._ahead = 2 * workers + encoder.batch_size
        self._encoder, self._keys, self._sources, self._clock = encoder, keys, sources, clock

    def __enter__(self) -> "_Loader":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        queue: deque[tuple[str, Future[Any]]] = deque()
        for key in self._keys:
            queue.append((key, self._pool.submit(self._encoder.load, self._sources[key])))
            if len(queue) > self._ahead:
                yield self._next(queue)
        while queue:
            yield self._next(queue)

    def _next(self, queue: deque[tuple[str, Future[Any]]]) -> tuple[str, Any]:
        key, future = queue.popleft()
        with self._clock("decode"):
            return key, future.result()


def _batches(
    encoder: Encoder, loaded: Iterable[tuple[str, Any]]
) -> Iterator[tuple[list[str], list[Any]]]:
    """Batches of one group each; when too many items wait, the largest group goes as it is."""
    groups: dict[Hashable, list[tuple[str, Any]]] = {}
    waiting = 0
    for key, item in loaded:
        name = encoder.group(item)
        groups.setdefault(name, []).append((key, item))
        waiting += 1
        if len(groups[name]) < encoder.batch_size:
            if waiting < _WAITING_BATCHES * encoder.batch_size:
                continue
            name = max(groups, key=lambda group: len(groups[group]))
        batch = groups.pop(name)
        waiting -= len(batch)
        yield [key for key, _ in batch], [item for _, item in batch]
    for batch in groups.values():
        yield [key for key, _ in batch], [item for _, item in batch]


def _filled(batch: Sequence[Any], size: int) -> list[Any]:
    """Repeat the last item until the batch has its fixed size: kernels choose their order of
    summation by shape, so rows of smaller batches would differ in the last bits."""
    return [*batch, *[batch[-1]] * (size - len(batch))]


class _Writer:
    """Collects rows and writes them as shards in a thread of its own, one shard behind."""

    def __init__(self, cache: RowCache, clock: _Clock) -> None:
        self.written = 0
        self._cache, self._clock = cache, clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._pending: Future[None] | None = None
        self._start_shard()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._send()
            self._wait()
        finally:
            self._pool.shutdown()

    def add(self, rows: dict[str, Row]) -> None:
        self._rows.update(rows)
        self._bytes += sum(array.nbytes for row in rows.values() for array in row.values())
        if self._bytes >= _SHARD_BYTES or time.monotonic() - self._since >= _SHARD_SECONDS:
            self._send()

    def _start_shard(self) -> None:
        self._rows: dict[str, Row] = {}
        self._bytes = 0
        self._since = time.monotonic()

    def _send(self) -> None:
        # Rows that failed to be written must not be sent again on the way out.
        rows = self._rows
        self._start_shard()
        self._wait()
        if rows:
            self._pending = self._pool.submit(self._cache.write, rows)
            self.written += len(rows)

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            with self._clock("write"):
                pending.result()
