import numpy as np
import pytest

from pipeline.encoders.bert.subword_pooling import (
    Floats,
    Integers,
    Merge,
    join_windows,
    pool_subwords,
    window_starts,
)

# Word 0 has one piece, word 1 none, word 2 three, word 3 none.
PIECES = np.array([[1, -1], [2, 5], [6, 3], [4, 1]], dtype=np.float32)
WORD_OF_PIECE = np.array([0, 2, 2, 2])


@pytest.mark.parametrize(
    ("merge", "expected"),
    [("mean", [4, 3]), ("first", [2, 5]), ("last", [4, 1]), ("max", [6, 5])],
)
def test_merges_by_hand(merge: Merge, expected: list[float]) -> None:
    vectors, empty = pool_subwords(PIECES, WORD_OF_PIECE, 4, merge)
    np.testing.assert_array_equal(vectors, [[1, -1], [0, 0], expected, [0, 0]])
    np.testing.assert_array_equal(empty, [False, True, False, True])


@pytest.mark.parametrize("merge", ["mean", "first", "last", "max"])
def test_merging_agrees_with_a_loop_over_words(merge: Merge) -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        words = int(random.integers(1, 9))
        counts = random.integers(0, 4, words)
        word_of_piece = np.repeat(np.arange(words), counts)
        pieces = random.normal(size=(len(word_of_piece), 3)).astype(np.float32)
        vectors, empty = pool_subwords(pieces, word_of_piece, words, merge)
        for word in range(words):
            own = [pieces[i] for i in range(len(pieces)) if word_of_piece[i] == word]
            loop = {
                "mean": lambda own: sum(own) / len(own),
                "first": lambda own: own[0],
                "last": lambda own: own[-1],
                "max": lambda own: np.max(own, axis=0),
            }
            expected = loop[merge](own) if own else np.zeros(3)
            np.testing.assert_allclose(vectors[word], expected, atol=1e-6)
            assert empty[word] == (not own)


def test_a_text_without_any_piece_is_all_empty() -> None:
    starts = window_starts(0, 10)
    joined = join_windows(np.zeros((1, 0, 2), np.float32), starts, np.array([], dtype=np.int64))
    vectors, empty = pool_subwords(joined, np.array([], dtype=np.int64), 3, "mean")
    assert vectors.tolist() == [[0, 0]] * 3
    assert empty.all()


def marked_windows(pieces: int, size: int) -> tuple[Integers, Floats]:
    """Windows whose vectors say which window and which piece of the text they are."""
    starts = window_starts(pieces, size)
    size = min(size, pieces)
    window, place = np.meshgrid(np.arange(len(starts)), np.arange(size), indexing="ij")
    return starts, np.stack([window, starts[:, None] + place], axis=2).astype(np.float32)


@pytest.mark.parametrize("size", [2, 3, 8, 9])
@pytest.mark.parametrize("pieces", [1, 2, 7, 8, 9, 10, 16, 17, 50])
def test_every_piece_is_taken_once_and_in_order(pieces: int, size: int) -> None:
    starts, windows = marked_windows(pieces, size)
    for word_of_piece in (np.arange(pieces), np.zeros(pieces, np.int64), np.arange(pieces) // 3):
        joined = join_windows(windows, starts, word_of_piece)
        np.testing.assert_array_equal(joined[:, 1], np.arange(pieces))


def test_a_word_sees_one_window_with_a_quarter_of_context_on_both_sides() -> None:
    pieces, size = 100, 16
    starts, windows = marked_windows(pieces, size)
    random = np.random.default_rng(0)
    for _ in range(20):
        counts = random.integers(1, size // 2 + 1, pieces)
        word_of_piece = np.repeat(np.arange(pieces), counts)[:pieces]
        window = join_windows(windows, starts, word_of_piece)[:, 0].astype(int)
        for word in np.unique(word_of_piece):
            own = np.flatnonzero(word_of_piece == word)
            assert len(set(window[own])) == 1
            start = starts[window[own[0]]]
            middle = own.mean()
            assert start == 0 or middle - start >= size / 4
            assert start + size == pieces or start + size - 1 - middle >= size / 4 - 1


def test_a_word_longer_than_a_window_keeps_all_its_pieces() -> None:
    starts, windows = marked_windows(40, 10)
    word_of_piece = np.repeat([0, 1, 2], [3, 30, 7])
    joined = join_windows(windows, starts, word_of_piece)
    vectors, empty = pool_subwords(joined, word_of_piece, 3, "mean")
    assert not empty.any()
    np.testing.assert_allclose(vectors[:, 1], [1, 17.5, 36])
