"""Which rows share a batch, in which order.

Where features are left in their files because they exceed memory, rows that lie near each other in
a file are read together: blocks of rows are drawn at random, then batches from as many blocks as
make up many batches.
"""

import numpy as np
import numpy.typing as npt

Lengths = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

# Pairs are sorted by length within this many batches: enough for little padding, few enough that
# each epoch has other batches.
_BATCHES_PER_CHUNK = 16

# Rows of a file that are read together: long enough for a disk to read at full speed.
_ROWS_PER_BLOCK = 64
# Rows that are drawn from the same blocks: enough that those of a batch have little to do with each
# other, and few enough to stay in memory.
_ROWS_PER_GROUP = 4096


def ordered_batches(rows: Rows, lengths: Lengths, size: int) -> list[Rows]:
    """All of `rows` in batches, shortest text first; lengths[i] belongs to rows[i]."""
    return cut(rows[np.argsort(lengths, kind="stable")], size)


def mixed_batches(
    rows: Rows, size: int, rng: np.random.Generator, places: Rows | None = None
) -> list[Rows]:
    """All of `rows` in random batches of whatever lengths; only the last may be smaller.

    places: of the rows in their file, where batches are to be drawn from blocks of it.
    """
    return cut(rows[shuffled(len(rows), size, rng, places)], size)


def shuffled_batches(
    rows: Rows,
    lengths: Lengths,
    size: int,
    rng: np.random.Generator,
    places: Rows | None = None,
) -> list[Rows]:
    """All of `rows` in random batches of similar lengths; only one may be smaller than `size`.

    places: as for `mixed_batches`.
    """
    groups = [np.arange(len(rows))] if places is None else _groups(places, size, rng)
    parts = [_batches_of_like(rows[group], lengths[group], size, rng) for group in groups]
    return [batch for part in parts for batch in part]


def _batches_of_like(
    rows: Rows, lengths: Lengths, size: int, rng: np.random.Generator
) -> list[Rows]:
    order = rng.permutation(len(rows))
    chunks = cut(order, size * _BATCHES_PER_CHUNK)
    batches = [
        batch
        for chunk in chunks
        for batch in cut(chunk[np.argsort(lengths[chunk], kind="stable")], size)
    ]
    return [rows[batches[i]] for i in rng.permutation(len(batches))]


def shuffled(count: int, size: int, rng: np.random.Generator, places: Rows | None = None) -> Rows:
    """The numbers below `count` in random order, for batches of this size; places: as for
    `mixed_batches`."""
    if places is None:
        return rng.permutation(count)
    return np.concatenate([rng.permutation(group) for group in _groups(places, size, rng)])


def _groups(places: Rows, size: int, rng: np.random.Generator) -> list[Rows]:
    """Indices of `places`, as many in each group as make up many batches, those of a block of the
    file together; blocks come in random order."""
    order = np.argsort(places, kind="stable")
    ends = np.flatnonzero(np.diff(places[order] // _ROWS_PER_BLOCK)) + 1
    blocks = np.split(order, ends)
    drawn = [blocks[i] for i in rng.permutation(len(blocks))]
    return cut(np.concatenate(drawn), size * batches_per_group(size))


def batches_per_group(size: int) -> int:
    """How many batches of this size are drawn from the same blocks."""
    return max(_BATCHES_PER_CHUNK, _ROWS_PER_GROUP // size)


def cut(rows: Rows, size: int) -> list[Rows]:
    """All of `rows` in their order, in parts of this size; the last may be smaller."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
