"""Subword pooling: from vectors of subwords, maybe of several windows, to one vector per word."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Merge = Literal["mean", "first", "last", "max"]
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


def pool_subwords(
    pieces: Floats, word_of_piece: Integers, words: int, merge: Merge
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Pool the pieces of each word.

    pieces: (P, D). word_of_piece: (P,), ascending; a word that the tokenizer drops (a variation
    selector, a control character) does not occur in it.

    Returns (words, D), zero for a word without a piece, and (words,), true for such a word.
    """
    vectors = np.zeros((words, pieces.shape[1]), dtype=np.float32)
    empty = np.ones(words, dtype=np.bool_)
    first, count = _runs(word_of_piece)
    if len(first):
        present = word_of_piece[first]
        vectors[present] = _pooled(pieces, first, count, merge)
        empty[present] = False
    return vectors, empty


def window_starts(pieces: int, size: int) -> Integers:
    """Where windows of `size` pieces start: one at 0, or several that overlap by at least half.

    The last one ends with the text, so all have the same length.
    """
    if pieces <= size:
        return np.zeros(1, dtype=np.int64)
    return np.append(np.arange(0, pieces - size, max(1, size // 2)), pieces - size)


def join_windows(windows: Floats, starts: Integers, word_of_piece: Integers) -> Floats:
    """Take each piece from the window that gives its word most context on both sides.

    windows: (N, W, D), starting at the pieces `starts` (N,). The overlap of two neighbours is
    split in its middle, and a word goes where its own middle lies, so all its pieces come from one
    window. Only a word longer than half a window is split itself, as it may fit into none.

    Returns (P, D), P the length of word_of_piece.
    """
    size = windows.shape[1]
    place = np.arange(len(word_of_piece))
    first, count = _runs(word_of_piece)
    middle = np.repeat(first + (count - 1) / 2, count)
    divided = np.repeat(count > size // 2, count)
    overlap_middle = (starts[1:] + starts[:-1] + size) / 2
    window = np.searchsorted(overlap_middle, np.where(divided, place, middle), side="right")
    joined: Floats = windows[window, place - starts[window]]
    return joined


def _runs(word_of_piece: Integers) -> tuple[Integers, Integers]:
    """First piece and number of pieces of each word that has any."""
    first = np.flatnonzero(np.diff(word_of_piece, prepend=-1))
    return first, np.diff(first, append=len(word_of_piece))


def _pooled(pieces: Floats, first: Integers, count: Integers, merge: Merge) -> npt.NDArray[Any]:
    pooled: npt.NDArray[Any]
    match merge:
        case "mean":
            pooled = np.add.reduceat(pieces, first) / count[:, None].astype(np.float32)
        case "first":
            pooled = pieces[first]
        case "last":
            pooled = pieces[first + count - 1]
        case "max":
            pooled = np.maximum.reduceat(pieces, first)
    return pooled
