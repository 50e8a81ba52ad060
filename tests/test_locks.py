"""A lock has one holder and ends with its process."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.locks import only_writer


def hold(lock: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with only_writer(lock, "a"):
        ready.set()
        signal.pause()


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "a.lock"
    with only_writer(lock, "the model"), pytest.raises(UserError) as caught, only_writer(lock, "x"):
        pass
    assert str(caught.value).startswith(f"x is being written by another process ({os.getpid()})")
    with only_writer(lock, "the model"), only_writer(lock.with_name("b.lock"), "other"):
        pass


def test_a_fault_releases_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with pytest.raises(KeyError), only_writer(lock, "the model"):
        raise KeyError
    with only_writer(lock, "the model"):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    lock, context = tmp_path / "a.lock", multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=hold, args=(lock, ready))
    holder.start()
    assert ready.wait(60)
    with pytest.raises(UserError, match=f"another process .{holder.pid}."), only_writer(lock, "a"):
        pass
    holder.kill()
    holder.join(60)
    with only_writer(lock, "a"):
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lock = tmp_path / "file" / "a.lock"
    with pytest.raises(UserError, match=f"cannot write {lock}: "), only_writer(lock, "a"):
        pass
