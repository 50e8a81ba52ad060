"""Which pairs share a batch: texts of like length, so that little of it is padding."""

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

# Pairs are sorted within this many batches at a time: enough to make lengths alike, few enough
# that an epoch's batches are new ones each time.
_BATCHES_PER_CHUNK = 16


def ordered_batches(rows: Rows, lengths: Rows, size: int) -> list[Rows]:
    """All of `rows`, shortest text first; lengths[i] belongs to rows[i]."""
    return _cut(rows[np.argsort(lengths, kind="stable")], size)


def shuffled_batches(rows: Rows, lengths: Rows, size: int, rng: np.random.Generator) -> list[Rows]:
    """All of `rows` once, in random company of like length; only one batch may be smaller."""
    order = rng.permutation(len(rows))
    chunks = _cut(order, size * _BATCHES_PER_CHUNK)
    batches = [
        batch
        for chunk in chunks
        for batch in _cut(chunk[np.argsort(lengths[chunk], kind="stable")], size)
    ]
    return [rows[batches[i]] for i in rng.permutation(len(batches))]


def _cut(rows: Rows, size: int) -> list[Rows]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
