"""How the vectors of a corpus come into batches: from memory, from a GPU's, or from their files.

All three give the same values. Where the files exceed the machine's memory, batches are drawn from
blocks of rows, so that a file is read in long stretches, and a thread reads and gathers ahead.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

import numpy as np
import torch

from pipeline.core.device import worker_threads
from pipeline.features.batches import Rows, batches_per_group
from pipeline.features.memory import exceed_memory, fit_on
from pipeline.features.tables import Table

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")

# Batches that wait for a step.
_BATCHES_AHEAD = 4


class Vectors(Protocol):
    """The vectors of pairs in some tables. places: (n,) rows of the file, by pair."""

    places: Rows

    @property
    def tables(self) -> list[Table]:
        """All that is selected from."""

    def to(self, device: torch.device, resident: bool = True) -> object:
        """Give vectors on a device; resident: see `Table.to`."""

    def read_in_advance(self, rows: Rows) -> None:
        """Bring some pairs' vectors nearer, see `Table.read_in_advance`."""


class Reading:
    """Decides, for all vectors that a model reads, where they are and how batches are drawn.

    in_blocks: whether the files exceed the memory, so that batches come from blocks of rows.
    """

    def __init__(self, parts: Sequence[Vectors], memory: int | None = None) -> None:
        """memory: bytes of the machine's memory, in place of what it has."""
        self._parts = parts
        self._tables = [table for part in parts for table in part.tables]
        self.in_blocks = exceed_memory(sum(table.nbytes for table in self._tables), memory)
        self._ahead = self.in_blocks

    @property
    def batching(self) -> str:
        """How batches are drawn, for a training's identity."""
        return "blocks" if self.in_blocks else "rows"

    def to(self, device: torch.device, memory: int | None = None) -> None:
        """Give vectors on a device; all of them are kept there if they fit.

        memory: bytes of the device, in place of what is free.
        """
        on_gpu = device.type == "cuda"
        # Those of another split, which shares a file, may be there already.
        missing = [
            table for table in self._tables if (table.device, table.resident) != (device, True)
        ]
        size = sum(table.nbytes for table in missing)
        resident = not on_gpu or fit_on(device, size, memory)
        self._ahead = not resident if on_gpu else self.in_blocks
        for part in self._parts:
            part.to(device, resident)

    def places(self, pairs: Rows) -> Rows | None:
        """The rows of the largest file that these pairs read, if batches are drawn from blocks."""
        if not self.in_blocks:
            return None
        return max(self._parts, key=_size).places[pairs]

    def stream(self, gather: Callable[[Rows], _Done], batches: Sequence[Rows]) -> Iterator[_Done]:
        """Yield what `gather` returns for each batch; in a thread, where files are read."""
        if not self._ahead:
            yield from map(gather, batches)
            return
        count = batches_per_group(max(map(len, batches), default=1))
        groups = [batches[start : start + count] for start in range(0, len(batches), count)]
        read = done_ahead(self._read_in_advance, groups, 1)
        yield from done_ahead(gather, (batch for group in read for batch in group), _BATCHES_AHEAD)

    def _read_in_advance(self, batches: Sequence[Rows]) -> Sequence[Rows]:
        pairs = np.concatenate(batches)
        for part in self._parts:
            part.read_in_advance(pairs)
        return batches


def _size(part: Vectors) -> int:
    return sum(table.nbytes for table in part.tables)


def done_ahead(
    work: Callable[[_Item], _Done], items: Iterable[_Item], count: int
) -> Iterator[_Done]:
    """Yield `work` of each item, in order; a thread is up to `count` items ahead.

    An error is raised where its result would have come.
    """
    with worker_threads(1) as pool:
        waiting: deque[Future[_Done]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
