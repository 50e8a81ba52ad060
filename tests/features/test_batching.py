"""Every pair once per epoch, in company of like length."""

import numpy as np
import pytest

from pipeline.features.batches import mixed_batches, ordered_batches, shuffled, shuffled_batches

# As tweets: a long tail to the right.
LENGTHS = np.minimum(1 + np.random.default_rng(0).poisson(3, 1003) ** 2, 100)
ROWS = np.random.default_rng(1).permutation(5000)[:1003]


def drawn(seed: int, size: int = 64) -> list[np.ndarray]:
    return shuffled_batches(ROWS, LENGTHS, size, np.random.default_rng(seed))


def padding(batches: list[np.ndarray]) -> float:
    """Padded words per real word."""
    length = dict(zip(ROWS.tolist(), LENGTHS.tolist(), strict=True))
    slots = sum(len(batch) * max(length[row] for row in batch.tolist()) for batch in batches)
    return slots / LENGTHS.sum() - 1


@pytest.mark.parametrize("size", [1, 64, 2000])
def test_each_row_comes_once(size: int) -> None:
    for batches in (drawn(0, size), ordered_batches(ROWS, LENGTHS, size)):
        assert sorted(np.concatenate(batches)) == sorted(ROWS)
        assert max(map(len, batches)) == min(size, len(ROWS))
        assert sum(len(batch) < size for batch in batches) <= 1


def test_same_seed_same_batches_and_another_epoch_others() -> None:
    first, again, other = drawn(0), drawn(0), drawn(1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in other}


# As a table and a file in different orders, one image for some pairs each.
PLACES = np.random.default_rng(3).integers(0, 900, len(ROWS))


def drawn_from_blocks(seed: int, size: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return shuffled_batches(ROWS, LENGTHS, size, rng, PLACES)


@pytest.mark.parametrize("size", [1, 8, 64, 2000])
def test_each_row_comes_once_from_blocks_too(size: int) -> None:
    for batches in (
        drawn_from_blocks(0, size),
        mixed_batches(ROWS, size, np.random.default_rng(0), PLACES),
    ):
        assert sorted(np.concatenate(batches)) == sorted(ROWS)
        assert sum(len(batch) < size for batch in batches) <= 1
    order = shuffled(len(ROWS), size, np.random.default_rng(0), PLACES)
    assert sorted(order) == [*range(len(ROWS))]


def test_the_same_seed_draws_the_same_blocks_and_another_epoch_others() -> None:
    first, again, other = (drawn_from_blocks(seed, 2) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in other}


@pytest.mark.parametrize("mixed", [False, True])
def test_batches_of_a_group_read_whole_blocks_and_none_reads_one_alone(mixed: bool) -> None:
    """In a file of 100,000 rows, the 4,096 of a group lie in 64 blocks, and few beyond them."""
    count, size = 100_000, 64
    places, lengths = np.random.default_rng(4).permutation(count), np.ones(count, np.int64)
    rng = np.random.default_rng(0)
    if mixed:
        batches = mixed_batches(np.arange(count), size, rng, places)
    else:
        batches = shuffled_batches(np.arange(count), lengths, size, rng, places)
    for start in range(0, len(batches) - 64, 64):
        group = batches[start : start + 64]
        blocks = np.unique(places[np.concatenate(group)] // 64)
        assert len(blocks) <= 65
        assert min(len(np.unique(places[batch] // 64)) for batch in group) > 10


def test_batches_do_not_come_by_length() -> None:
    length = dict(zip(ROWS.tolist(), LENGTHS.tolist(), strict=True))
    longest = [max(length[row] for row in batch.tolist()) for batch in drawn(0)]
    assert longest != sorted(longest)


def test_little_is_padding() -> None:
    rng = np.random.default_rng(2)
    mixed = [ROWS[part] for part in np.array_split(rng.permutation(len(ROWS)), 16)]
    assert padding(mixed) > 1
    assert padding(drawn(0)) < 0.3
    assert padding(ordered_batches(ROWS, LENGTHS, 64)) < 0.3


def test_shortest_texts_come_first_and_ties_keep_their_order() -> None:
    batches = ordered_batches(np.array([7, 8, 9, 10]), np.array([3, 1, 3, 2]), 2)
    assert [batch.tolist() for batch in batches] == [[8, 10], [7, 9]]
