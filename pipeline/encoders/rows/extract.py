"""Extraction: computes the rows that the cache lacks, loading ahead of the model in threads."""

import random
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeVar

import torch
from tqdm import tqdm

from pipeline.core.device import keep_freed_memory, worker_threads
from pipeline.cores import core_count
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Encoder, Row, steps_of
from pipeline.errors import UserError
from pipeline.params.project import ComputeParams

T = TypeVar("T")

# The signature of every engine's `extract`.
Extract = Callable[[Encoder, Iterable[tuple[str, Any]], RowCache], int]

_SHARD_SECONDS = 60.0
# Loaded items that may wait for others of their group, in batches.
_WAITING_BATCHES = 8
_MAX_LOADERS = 8


def extract(
    encoder: Encoder, items: Iterable[tuple[str, Any]], cache: RowCache, block: int = 64
) -> int:
    """Compute and keep the row of every (key, source) that the cache lacks.

    Rows that are finished when an error or a signal ends the run are kept.

    block: number of keys between two looks at what other processes have finished.

    Returns: the number of rows computed here.

    Raises:
        UserError: a source cannot be read, or rows cannot be written.
    """
    sources = dict(items)
    todo = cache.missing(sources)
    if not todo:
        return 0
    with tqdm(total=len(todo), desc=encoder.name, unit="row", mininterval=0.5) as bar:
        named = ((key, sources[key]) for key in _in_blocks(cache, todo, block, bar))
        return compute(encoder, named, cache, bar)


def compute(
    encoder: Encoder,
    items: Iterable[tuple[str, Any]],
    cache: RowCache,
    bar: "tqdm[Any] | None" = None,
    cores: int | None = None,
) -> int:
    """Compute the row of every (key, source), cached or not, and write it to the cache.

    bar: counts the rows. cores: the most that this process may use.

    Returns: the number of rows.

    Raises:
        UserError: a source cannot be read, or rows cannot be written.
    """
    keep_freed_memory()
    clock = _Clock()
    loaders = min(cores or core_count(), _MAX_LOADERS)
    calls = min(cores or encoder.parallel_calls, encoder.parallel_calls)
    with _Writer(cache, clock) as writer, ExitStack() as pools:
        load_pool = pools.enter_context(worker_threads(loaders))
        loaded = _prefetch(load_pool, encoder.load, items, 2 * loaders, clock, "decode")
        batches: Iterator[tuple[list[str], Any]] = _batches(encoder, loaded)
        for step in steps_of(encoder):
            pool = pools.enter_context(worker_threads(calls))
            batches = _prefetch(pool, step, batches, calls, clock, "compute")
        for keys, rows in batches:
            writer.add(dict(zip(keys, rows, strict=False)))  # drops what padded the batch
            if bar is not None:
                bar.set_postfix_str(clock.split(), refresh=False)
                bar.update(len(keys))
    return writer.written


def choose_engine(params: ComputeParams, device: torch.device) -> Extract:
    """The engine of `compute.engine`; device: where the encoder is.

    Raises:
        UserError: its package is not installed.
    """
    if params.engine == "local":
        return extract
    try:
        # Ray is an optional dependency.
        from pipeline.encoders.rows.cluster import Cluster
    except ImportError as error:
        raise UserError(
            f"compute.engine = 'ray': {error}; pip install -r requirements-cluster.txt"
        ) from None
    return Cluster(params.workers, device).extract


class _Clock:
    """Measures what the main thread waits for."""

    def __init__(self) -> None:
        self._seconds = {"decode": 0.0, "compute": 0.0, "write": 0.0}

    def result(self, part: str, future: Future[T]) -> T:
        start = time.perf_counter()
        try:
            return future.result()
        finally:
            self._seconds[part] += time.perf_counter() - start

    def split(self) -> str:
        total = sum(self._seconds.values()) or 1.0
        return ", ".join(f"{part} {s / total:.0%}" for part, s in self._seconds.items())


def _prefetch(
    pool: ThreadPoolExecutor,
    function: Callable[[Any], T],
    inputs: Iterable[tuple[Any, Any]],
    limit: int,
    clock: _Clock,
    part: str,
) -> Iterator[tuple[Any, T]]:
    """Yield (name, function(input)) in the inputs' order, at most `limit` of them ahead."""
    queue: deque[tuple[Any, Future[T]]] = deque()
    for name, value in inputs:
        queue.append((name, pool.submit(function, value)))
        if len(queue) > limit:
            first, future = queue.popleft()
            yield first, clock.result(part, future)
    for first, future in queue:
        yield first, clock.result(part, future)


def _in_blocks(cache: RowCache, todo: list[str], size: int, bar: "tqdm[Any]") -> Iterator[str]:
    """Yield the keys block by block, leaving out what another process has finished by then.

    Each process takes the blocks in its own random order, so two rarely work on the same one; rows
    do not depend on the order.
    """
    blocks = [todo[i : i + size] for i in range(0, len(todo), size)]
    random.SystemRandom().shuffle(blocks)
    for block in blocks:
        missing = cache.missing(block)
        bar.update(len(block) - len(missing))
        yield from missing


def _batches(
    encoder: Encoder, loaded: Iterable[tuple[str, Any]]
) -> Iterator[tuple[list[str], list[Any]]]:
    """Yield batches (keys, items) of one group each; when too many wait, of the largest group.

    A batch that is not full repeats its last item, so that there are more items than keys: kernels
    choose their order of summation by shape.
    """
    size = encoder.batch_size
    groups: dict[Hashable, list[tuple[str, Any]]] = {}
    for key, item in loaded:
        groups.setdefault(encoder.group(item), []).append((key, item))
        full = max(groups, key=lambda group: len(groups[group]))
        waiting = sum(len(members) for members in groups.values())
        if len(groups[full]) == size or waiting >= _WAITING_BATCHES * size:
            yield _padded(groups.pop(full), size)
    for members in groups.values():
        yield _padded(members, size)


def _padded(members: list[tuple[str, Any]], size: int) -> tuple[list[str], list[Any]]:
    items = [item for _, item in members]
    return [key for key, _ in members], items + items[-1:] * (size - len(items))


class _Writer:
    """Collects rows and writes them as shards in its own thread."""

    def __init__(self, cache: RowCache, clock: _Clock) -> None:
        self.written = 0
        self._cache, self._clock = cache, clock
        self._pool = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None
        self._start_shard()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._send()
            self._wait()
        finally:
            self._pool.shutdown()

    def add(self, rows: dict[str, Row]) -> None:
        self._rows.update(rows)
        self._bytes += sum(array.nbytes for row in rows.values() for array in row.values())
        is_late = time.monotonic() - self._since >= _SHARD_SECONDS
        if is_late or self._bytes >= self._cache.shard_bytes:
            self._send()

    def _start_shard(self) -> None:
        self._rows: dict[str, Row] = {}
        self._bytes = 0
        self._since = time.monotonic()

    def _send(self) -> None:
        rows = self._rows
        self._start_shard()  # first, so that rows whose writing failed are not sent twice
        self._wait()
        if rows:
            self._pending = self._pool.submit(self._cache.write, rows)
            self.written += len(rows)

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._clock.result("write", pending)
