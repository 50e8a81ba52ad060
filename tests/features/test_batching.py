"""Every pair once per epoch, in company of like length."""

import numpy as np
import pytest

from pipeline.features.vectors import ordered_batches, shuffled_batches

# As tweets: a long tail to the right.
LENGTHS = np.minimum(1 + np.random.default_rng(0).poisson(3, 1003) ** 2, 100)
ROWS = np.random.default_rng(1).permutation(5000)[:1003]


def shuffled(seed: int, size: int = 64) -> list[np.ndarray]:
    return shuffled_batches(ROWS, LENGTHS, size, np.random.default_rng(seed))


def padding(batches: list[np.ndarray]) -> float:
    """Padded words per real word."""
    length = dict(zip(ROWS.tolist(), LENGTHS.tolist(), strict=True))
    slots = sum(len(batch) * max(length[row] for row in batch.tolist()) for batch in batches)
    return slots / LENGTHS.sum() - 1


@pytest.mark.parametrize("size", [1, 64, 2000])
def test_each_row_comes_once(size: int) -> None:
    for batches in (shuffled(0, size), ordered_batches(ROWS, LENGTHS, size)):
        assert sorted(np.concatenate(batches)) == sorted(ROWS)
        assert max(map(len, batches)) == min(size, len(ROWS))
        assert sum(len(batch) < size for batch in batches) <= 1


def test_same_seed_same_batches_and_another_epoch_others() -> None:
    first, again, other = shuffled(0), shuffled(0), shuffled(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in other}


def test_batches_do_not_come_by_length() -> None:
    length = dict(zip(ROWS.tolist(), LENGTHS.tolist(), strict=True))
    longest = [max(length[row] for row in batch.tolist()) for batch in shuffled(0)]
    assert longest != sorted(longest)


def test_little_is_padding() -> None:
    rng = np.random.default_rng(2)
    mixed = [ROWS[part] for part in np.array_split(rng.permutation(len(ROWS)), 16)]
    assert padding(mixed) > 1
    assert padding(shuffled(0)) < 0.3
    assert padding(ordered_batches(ROWS, LENGTHS, 64)) < 0.3


def test_shortest_texts_come_first_and_ties_keep_their_order() -> None:
    batches = ordered_batches(np.array([7, 8, 9, 10]), np.array([3, 1, 3, 2]), 2)
    assert [batch.tolist() for batch in batches] == [[8, 10], [7, 9]]
