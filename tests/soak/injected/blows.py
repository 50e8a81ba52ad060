"""What can happen to a process in the midst of its work, as it is brought about from within."""

import os
import re
import resource
import signal
from collections.abc import Callable
from pathlib import Path

# Bytes left: of memory, and on a disk that is full for all but the smallest files.
_MEMORY_LEFT = 2**20


def _to_the_group(number: signal.Signals) -> None:
    """To dvc, which leads the group, and to all that it started."""
    os.killpg(os.getpgrp(), number)


def _fill_disk() -> None:
    """Fill the file system of the project where that is a small one, else bound all files."""
    if not (filler := os.environ.get("STRIKE_FILLER")):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        return
    handle = os.open(filler, os.O_CREAT | os.O_WRONLY)
    size, block = 0, 2**24
    while block:
        try:
            os.posix_fallocate(handle, size, block)
            size += block
        except OSError:
            block //= 2 if block > 4096 else block + 1
    os.close(handle)


def _use_up_files() -> None:
    """No file can be opened beside those that are open."""
    handle = os.dup(0)
    os.close(handle)
    resource.setrlimit(resource.RLIMIT_NOFILE, (handle, handle))


def _close_folders() -> None:
    """Nothing can be made or replaced below the folders of the outputs."""
    for top in (Path("data"), Path(os.environ["ANANET_CACHE"])):
        for folder in sorted(top.rglob("*")):
            if folder.is_dir():
                folder.chmod(0o555)


def _use_up_memory() -> None:
    status = Path("/proc/self/status").read_text()
    size = int(re.findall(r"VmSize:\s+(\d+) kB", status)[0]) * 1024 + _MEMORY_LEFT
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


FAULTS: dict[str, Callable[[], None]] = {
    "SIGKILL to dvc and stage": lambda: _to_the_group(signal.SIGKILL),
    "SIGKILL to the stage": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "SIGTERM to dvc and stage": lambda: _to_the_group(signal.SIGTERM),
    "SIGTERM to dvc": lambda: os.kill(os.getpgrp(), signal.SIGTERM),
    "disk full": _fill_disk,
    "no more open files": _use_up_files,
    "folders read-only": _close_folders,
    "memory used up": _use_up_memory,
}
