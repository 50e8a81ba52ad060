"""Batches come the same, whether they are made in a thread or not."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.dataset.pairs import PairFeatures
from pipeline.features.reading import Reading, done_ahead
from pipeline.features.tables import Items, Table
from tests.tiny import tiny_params
from tests.tiny_corpus import load, tiny_corpus

LITTLE = 1
GPU = torch.device("cuda", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_corpus().write(tmp_path)
    return tmp_path


def features(folder: Path, memory: int | None) -> PairFeatures:
    model = tiny_params({"model.scenes": "scenes.h5"}).model
    return load(folder, model, memory=memory)


def test_a_thread_s_batches_are_those_without(folder: Path) -> None:
    inside, outside = features(folder, None), features(folder, LITTLE)
    batches = inside.batches("train", 8, np.random.default_rng(0))
    for expected, found in zip(inside.stream(batches), outside.stream(batches), strict=True):
        assert torch.equal(found.labels, expected.labels)
        assert found.inputs.keys() == expected.inputs.keys()
        for name, values in expected.inputs.items():
            assert torch.equal(found.inputs[name], values), name


def test_memory_decides_how_batches_are_drawn(folder: Path) -> None:
    inside, outside = features(folder, None), features(folder, LITTLE)
    assert (inside.arrays.batching, outside.arrays.batching) == ("rows", "blocks")
    rows = inside.rows("train")
    assert inside.arrays.places(rows) is None
    keys = tiny_corpus().image_keys
    places = outside.arrays.places(rows)
    assert places is not None
    assert [keys[place] for place in places] == [outside.image_keys[row] for row in rows]


def test_timing_changes_no_batch(folder: Path) -> None:
    outside = features(folder, LITTLE)
    slow = iter(np.random.default_rng(0).uniform(0, 0.02, 1000))

    def late(rows: np.ndarray) -> list[int]:
        time.sleep(next(slow))
        return rows.tolist()

    batches = outside.batches("train", 8, np.random.default_rng(0))
    found = []
    for batch in outside.arrays.stream(late, batches):
        time.sleep(next(slow))
        found.append(batch)
    assert found == [rows.tolist() for rows in batches]


def test_work_is_ahead_but_not_far() -> None:
    begun = []

    def work(item: int) -> int:
        begun.append(item)
        return -item

    done = done_ahead(work, range(100), 3)
    assert next(done) == 0
    time.sleep(0.1)
    assert begun == [0, 1, 2, 3]
    assert [*done] == [-item for item in range(1, 100)]


def test_an_error_comes_where_its_batch_would_and_ends_the_thread() -> None:
    threads = threading.active_count()

    def work(item: int) -> int:
        if item == 2:
            raise ValueError("item 2")
        return item

    def found() -> Iterator[int]:
        yield from done_ahead(work, range(100), 3)

    items = found()
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(ValueError, match="item 2"):
        next(items)
    assert threading.active_count() == threads


def test_what_is_broken_off_leaves_no_thread_and_its_number_of_threads() -> None:
    threads, cores = threading.active_count(), torch.get_num_threads()
    items = done_ahead(lambda item: item, range(100), 3)
    next(items)
    items.close()
    assert threading.active_count() == threads
    assert torch.get_num_threads() == cores


def test_the_largest_file_decides_where_rows_lie() -> None:
    small = Items(np.array([0, 1, 2]), np.ones((3, 1, 2), np.float16))
    large = Items(np.array([2, 0, 1]), np.ones((3, 4, 2), np.float16))
    places = Reading([small, large], LITTLE).places(np.array([0, 2]))
    assert places is not None
    assert places.tolist() == [2, 1]


class Placed:
    """Vectors of a file of so many bytes, which only note where they are put."""

    def __init__(self, size: int) -> None:
        self.places = np.arange(3)
        self.table: Any = SimpleNamespace(nbytes=size, device=torch.device("cpu"), resident=True)

    @property
    def tables(self) -> list[Table]:
        return [self.table]

    def to(self, device: torch.device, resident: bool = True) -> None:
        self.table.device, self.table.resident = device, resident

    def read_in_advance(self, rows: np.ndarray) -> None:
        raise AssertionError("nothing is in a file")


@pytest.mark.parametrize(("free", "resident"), [(200, True), (100, False)])
def test_what_fits_on_a_gpu_is_kept_there_and_what_does_not_is_brought_ahead(
    free: int, resident: bool
) -> None:
    first, second = Placed(60), Placed(40)
    reading = Reading([first, second])
    for _ in range(2):  # another split of the same files changes nothing
        reading.to(GPU, free)
        assert [part.table.resident for part in (first, second)] == [resident] * 2
        assert first.table.device == GPU
        free = min(free, 30 + 70 * (not resident))
    assert reading.batching == "rows"  # the host's memory decides that


def test_a_selection_is_the_same_wherever_the_rest_is() -> None:
    values = np.arange(12, dtype=np.float16).reshape(6, 2)
    numbers = np.array([[4, 0], [4, 5]])
    for resident in (True, False):
        table = Table(values)
        table.to(torch.device("cpu"), resident)
        assert table.select(numbers).numpy().tolist() == values[numbers].tolist()
