import platform
import resource
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Row
from pipeline.encoders.rows.extract import extract
from pipeline.encoders.trunks.efficientnet_lite import EfficientNetLite0
from pipeline.errors import UserError
from tests.encoders.rows.fresh_process import FRESH, fault_on_a_full_disk
from tests.encoders.rows.toy_encoder import (
    ToyEncoder,
    extract_and_assemble,
    extract_in_small_steps,
    items,
    key_of,
    row_of,
)


def computed(cache: RowCache, numbers: Sequence[int]) -> set[int]:
    missing = set(cache.missing([key_of(number) for number in numbers]))
    return {number for number in numbers if key_of(number) not in missing}


def test_every_key_gets_its_own_row(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    cache = RowCache(tmp_path, encoder)
    assert extract(encoder, items(range(50)), cache) == 50
    cache.missing([])
    found = {
        k: row for shard in cache.read([key_of(n) for n in range(50)]) for k, row in shard.items()
    }
    for number in range(50):
        for name, values in row_of(number).items():
            np.testing.assert_array_equal(found[key_of(number)][name], values)


def test_batches_have_one_size_and_one_group(tmp_path: Path) -> None:
    encoder = ToyEncoder(batch_size=4)
    extract(encoder, items(range(21)), RowCache(tmp_path, encoder))
    assert {len(batch) for batch in encoder.batches} == {4}
    assert all(len({number % 2 for number in batch}) == 1 for batch in encoder.batches)


def test_items_that_find_no_company_do_not_pile_up(tmp_path: Path) -> None:
    class Loner(ToyEncoder):
        def group(self, item: int) -> int:
            return item

    encoder = Loner(batch_size=2)
    ahead: list[int] = []
    encode = encoder.encode

    def watch(batch: Sequence[int]) -> list[Row]:
        ahead.append(len(encoder.loaded) - len(encoder.batches))
        return encode(batch)

    encoder.encode = watch  # type: ignore[method-assign]
    assert extract(encoder, items(range(300)), RowCache(tmp_path, encoder)) == 300
    assert max(ahead) < 60


def test_only_what_is_missing_is_loaded(tmp_path: Path) -> None:
    first, second = ToyEncoder(), ToyEncoder()
    extract(first, items(range(40)), RowCache(tmp_path, first))
    assert extract(second, items(range(44)), RowCache(tmp_path, second)) == 4
    assert sorted(second.loaded) == [40, 41, 42, 43]


def test_a_key_that_comes_twice_is_computed_once(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    assert extract(encoder, items([1, 2, 1]), RowCache(tmp_path, encoder)) == 2


def test_what_another_process_finishes_meanwhile_is_not_computed_again(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    other = RowCache(tmp_path, encoder)
    load = encoder.load

    def load_while_other_finishes(source: int) -> int:
        if not encoder.loaded:
            other.write({key_of(number): row_of(number) for number in range(1000)})
        return load(source)

    encoder.load = load_while_other_finishes  # type: ignore[method-assign]
    extract(encoder, items(range(1000)), RowCache(tmp_path, encoder), block=10)
    assert len(encoder.loaded) < 50


@pytest.mark.parametrize("step", ["load", "encode"])
def test_a_fault_ends_the_run_and_finished_rows_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    encoder = ToyEncoder(batch_size=1)
    cache = RowCache(tmp_path, encoder)
    method = getattr(encoder, step)

    def fail_at_60(value: object) -> object:
        if value in (60, [60]):
            raise OSError("image 60 is gone")
        return method(value)

    monkeypatch.setattr(encoder, step, fail_at_60)
    with pytest.raises(OSError, match="image 60 is gone"):
        extract(encoder, items(range(100)), cache, block=1000)  # keeps the order
    # What was on its way through the threads may be lost.
    assert set(range(50)) <= computed(cache, range(100)) <= set(range(60))


def extract_numbers(root: Path, count: int) -> None:
    extract(ToyEncoder(), items(range(count)), RowCache(root, ToyEncoder()))


def test_rows_that_cannot_be_written_end_the_run(tmp_path: Path) -> None:
    fault = fault_on_a_full_disk(extract_numbers, tmp_path, 2000)
    assert fault.startswith(f"UserError: cannot write {tmp_path}")


def test_pytorch_keeps_its_threads_outside(tmp_path: Path) -> None:
    inside: list[int] = []

    class Watching(ToyEncoder):
        def encode(self, batch: Sequence[int]) -> list[Row]:
            inside.append(torch.get_num_threads())
            return super().encode(batch)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        encoder = Watching()
        extract(encoder, items(range(5)), RowCache(tmp_path, encoder))
        assert set(inside) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_cache_that_is_deleted_in_mid_run_is_named_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, straight = tmp_path / "out.h5", tmp_path / "straight.h5"
    extract_and_assemble(tmp_path / "a", straight, 200, shard_bytes=200)
    out.write_bytes(b"earlier")
    encode, root = ToyEncoder.encode, tmp_path / "b"

    def delete_and_encode(self: ToyEncoder, batch: Sequence[int]) -> list[Row]:
        if len(self.batches) == 40:
            shutil.rmtree(root, ignore_errors=True)  # a shard may come in between
        return encode(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(ToyEncoder, "encode", delete_and_encode)
        patch.setattr(ToyEncoder, "parallel_calls", 1)
        # Rows are missing at the end, or a shard is on its way when its folder goes.
        with pytest.raises(UserError, match=str(root)):
            extract_and_assemble(root, out, 200, shard_bytes=200)
    assert out.read_bytes() == b"earlier"
    assert extract_and_assemble(root, out, 200, shard_bytes=200) > 0
    assert out.read_bytes() == straight.read_bytes()


class InSteps(ToyEncoder):
    """Its steps know no end before the next batch has begun the step before them."""

    patience = 20.0

    def __init__(self, batches: int) -> None:
        super().__init__(batch_size=1)
        self.parallel_calls = 1
        self.overlapped: list[bool] = []
        self._sent = [Event() for _ in range(batches + 1)]
        self._number = 0

    @property
    def steps(self) -> tuple[Callable[[Any], Any], ...]:
        return self._send, self._compute, self.encode

    def _send(self, batch: Sequence[int]) -> tuple[int, Sequence[int]]:
        self._number += 1
        self._sent[self._number].set()
        return self._number, batch

    def _compute(self, sent: tuple[int, Sequence[int]]) -> Sequence[int]:
        number, batch = sent
        if number + 1 < len(self._sent):
            self.overlapped.append(self._sent[number + 1].wait(self.patience))
        return batch


def test_a_batch_is_sent_while_the_one_before_it_is_computed(tmp_path: Path) -> None:
    encoder = InSteps(12)
    assert extract(encoder, items(range(12)), RowCache(tmp_path, encoder)) == 12
    assert encoder.overlapped == [True] * 11
    assert [batch for batch in encoder.batches if len(batch) != 1] == []


def test_slow_rows_are_written_after_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a minute a row, by the clock that extraction reads."""
    now = 0.0

    class Slow(ToyEncoder):
        parallel_calls = 1

        def encode(self, batch: Sequence[int]) -> list[Row]:
            nonlocal now
            now += 30
            return super().encode(batch)

    monkeypatch.setattr(time, "monotonic", lambda: now)
    encoder = Slow(batch_size=1)
    cache, written = RowCache(tmp_path, encoder), []
    write = cache.write
    cache.write = lambda rows: (written.append(len(rows)), write(rows))[1]  # type: ignore[method-assign, func-returns-value]
    extract(encoder, items(range(20)), cache)
    assert max(written) <= 3
    assert sum(written) == 20


def start(root: Path, out: Path, count: int) -> BaseProcess:
    process = FRESH.Process(target=extract_in_small_steps, args=(root, out, count))
    process.start()
    return process


def wait_for_shards(root: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(list(root.glob("toy/*/*.safetensors"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.002)


class Trunk(ToyEncoder):
    """A model as small as the shipped ones: a pass of it touches about 5,000 pages of memory."""

    pages = 5000

    parallel_calls = 1

    def __init__(self) -> None:
        super().__init__(batch_size=1)
        self._model = EfficientNetLite0()

    def encode(self, batch: Sequence[int]) -> list[Row]:
        with torch.inference_mode():
            self._model(torch.zeros(1, 3, 256, 256))
        return super().encode(batch)


def tell_pages(root: Path, told: Connection) -> None:
    encoder = Trunk()
    extract(encoder, items(range(4)), RowCache(root, encoder))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    extract(encoder, items(range(14)), RowCache(root, encoder))
    told.send(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators differ")
def test_a_pass_uses_the_memory_of_those_before_it(tmp_path: Path) -> None:
    heard, told = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=tell_pages, args=(tmp_path, told))
    process.start()
    assert heard.poll(60)
    assert heard.recv() < 10 * Trunk.pages / 2  # of ten passes together
    process.join(60)


@pytest.mark.parametrize("shards", [1, 4, 9])
def test_killed_and_resumed_gives_the_same_file(tmp_path: Path, shards: int) -> None:
    straight, resumed = tmp_path / "straight.h5", tmp_path / "resumed.h5"
    extract_and_assemble(tmp_path / "a", straight, 200, shard_bytes=200)
    process = start(tmp_path / "b", resumed, 200)
    wait_for_shards(tmp_path / "b", shards)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not resumed.exists()
    kept = computed(RowCache(tmp_path / "b", ToyEncoder()), range(200))
    assert kept
    assert extract_and_assemble(tmp_path / "b", resumed, 200) == 200 - len(kept)
    assert resumed.read_bytes() == straight.read_bytes()


def test_two_processes_on_one_cache(tmp_path: Path) -> None:
    straight, outs = tmp_path / "straight.h5", [tmp_path / "1.h5", tmp_path / "2.h5"]
    extract_and_assemble(tmp_path / "a", straight, 300)
    processes = [start(tmp_path / "b", out, 300) for out in outs]
    for process, out in zip(processes, outs, strict=True):
        process.join(120)
        assert process.exitcode == 0
        assert out.read_bytes() == straight.read_bytes()
