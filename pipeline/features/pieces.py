"""From the vectors of word pieces to one vector per word, also where a text needs windows."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Merge = Literal["mean", "first", "last", "max"]
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


def merge_pieces(
    pieces: Floats, word_of_piece: Integers, words: int, merge: Merge
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Merge the pieces of each word.

    pieces: (P, D). word_of_piece: (P,), ascending; a word of which the tokenizer leaves nothing
    (a variation selector, a control character) does not occur in it.

    Returns (words, D), zero for a word without a piece, and (words,), true for such a word.
    """
    vectors = np.zeros((words, pieces.shape[1]), dtype=np.float32)
    empty = np.ones(words, dtype=np.bool_)
    first, count = _runs(word_of_piece)
    if len(first):
        present = word_of_piece[first]
        vectors[present] = _MERGES[merge](pieces, first, count)
        empty[present] = False
    return vectors, empty


def window_starts(pieces: int, size: int) -> Integers:
    """Where windows of `size` pieces begin: one at 0, or several that overlap by half at least.

    The last one ends with the text, so that all have the same length.
    """
    if pieces <= size:
        return np.zeros(1, dtype=np.int64)
    return np.append(np.arange(0, pieces - size, max(1, size // 2)), pieces - size)


def join_windows(windows: Floats, starts: Integers, word_of_piece: Integers) -> Floats:
    """Take every piece from the window where its word has most context on its poorer side.

    windows: (N, W, D), beginning at the pieces `starts` (N,). The overlap of two neighbours is
    divided at its middle; a word goes by its own middle, so all its pieces see the same window.
    Only a word of more than half a window is divided itself, as none may hold it whole.

    Returns (P, D), P the length of word_of_piece.
    """
    size = windows.shape[1]
    own = np.arange(len(word_of_piece))
    first, count = _runs(word_of_piece)
    middle = np.repeat(first + (count - 1) / 2, count)
    divided = np.repeat(count > size // 2, count)
    overlap_middle = (starts[1:] + starts[:-1] + size) / 2
    window = np.searchsorted(overlap_middle, np.where(divided, own, middle), side="right")
    joined: Floats = windows[window, own - starts[window]]
    return joined


def _runs(word_of_piece: Integers) -> tuple[Integers, Integers]:
    """First piece and number of pieces of each word that has any."""
    first = np.flatnonzero(np.diff(word_of_piece, prepend=-1))
    return first, np.diff(first, append=len(word_of_piece))


def _mean(pieces: Floats, first: Integers, count: Integers) -> npt.NDArray[Any]:
    mean: npt.NDArray[Any] = np.add.reduceat(pieces, first) / count[:, None].astype(np.float32)
    return mean


def _first(pieces: Floats, first: Integers, count: Integers) -> npt.NDArray[Any]:
    return pieces.take(first, axis=0)


def _last(pieces: Floats, first: Integers, count: Integers) -> npt.NDArray[Any]:
    return pieces.take(first + count - 1, axis=0)


def _max(pieces: Floats, first: Integers, count: Integers) -> npt.NDArray[Any]:
    most: npt.NDArray[Any] = np.maximum.reduceat(pieces, first)
    return most


_MERGES = {"mean": _mean, "first": _first, "last": _last, "max": _max}
