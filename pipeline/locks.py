"""One writer at a time: a process that outlives its parent must not write into the next run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import UserError


@contextmanager
def only_writer(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock, which the system releases however this process ends.

    lock: a file that no one else writes, outside what DVC deletes. what: is written, for messages.

    Raises:
        UserError: another process holds it, or the file cannot be written.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, on_acquired=_sign)
        held.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{what} is being written by another process{_holder(lock)}, perhaps of a run whose dvc"
            " was stopped alone; wait for it or stop it, then run again"
        ) from None
    except OSError as error:
        raise UserError(f"cannot write {lock}: {error.strerror or error}") from None
    try:
        yield
    finally:
        held.release()


def _sign(handle: int) -> None:
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())


def _holder(lock: Path) -> str:
    with suppress(OSError, ValueError):  # Windows lets nobody else read a locked file
        return f" ({int(lock.read_text(encoding='ascii'))})"
    return ""
