"""New processes that need not import the heavy libraries each for itself."""

import multiprocessing
import os
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection

_NOBODY = 65534
FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(
    ["torch", "torchvision", "h5py", "pandas", "safetensors.numpy", "tqdm"]
)


Work = Callable[..., object]


def fault_on_a_full_disk(work: Work, *arguments: object) -> str:
    """What `work` raises in a process that can let no file grow beyond 8 kB, which a program meets
    as it would meet a full disk; "" where it raises nothing.

    The limit holds for all files of a process, so it must not be the one that writes the tests'
    own log.
    """
    return _fault(_limit_files, work, arguments)


def fault_of_an_ordinary_user(work: Work, *arguments: object) -> str:
    """What `work` raises for a user whom read-only folders stop, as they do not stop root."""
    return _fault(_drop_privileges, work, arguments)


def _fault(prepare: Work, work: Work, arguments: tuple[object, ...]) -> str:
    heard, told = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=_tell_fault, args=(told, prepare, work, arguments))
    process.start()
    told.close()
    assert heard.poll(60)
    fault: str = heard.recv()
    process.join(60)
    assert process.exitcode == 0
    return fault


def _tell_fault(told: Connection, prepare: Work, work: Work, arguments: tuple[object, ...]) -> None:
    prepare()
    try:
        work(*arguments)
        told.send("")
    except Exception as error:
        told.send(f"{type(error).__name__}: {error}")


def _limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))


def _drop_privileges() -> None:
    if os.geteuid() == 0:
        os.seteuid(_NOBODY)
