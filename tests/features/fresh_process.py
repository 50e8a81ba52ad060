"""New processes that need not import the heavy libraries each for itself."""

import multiprocessing
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection

FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(
    ["torch", "torchvision", "h5py", "pandas", "safetensors.numpy", "tqdm"]
)


def fault_on_a_full_disk(work: Callable[..., object], *arguments: object) -> str:
    """What `work` raises in a process that can let no file grow beyond 8 kB, which a program meets
    as it would meet a full disk; "" where it raises nothing.

    The limit holds for all files of a process, so it must not be the one that writes the tests'
    own log.
    """
    heard, told = FRESH.Pipe(duplex=False)
    process = FRESH.Process(target=_work_on_a_full_disk, args=(told, work, arguments))
    process.start()
    told.close()
    assert heard.poll(60)
    fault: str = heard.recv()
    process.join(60)
    assert process.exitcode == 0
    return fault


def _work_on_a_full_disk(
    told: Connection, work: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
    try:
        work(*arguments)
        told.send("")
    except Exception as error:
        told.send(f"{type(error).__name__}: {error}")
