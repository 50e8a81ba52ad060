"""Where models run, and with which arithmetic."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import torch
from torch import nn

from pipeline.errors import UserError

# Each call keeps a picture's activations, so that memory bounds their number on large machines.
_MOST_CALLS = 16


def resolve_device(name: str) -> torch.device:
    """The device of a `device` parameter: auto | cpu | cuda | cuda:N.

    Raises:
        UserError: there is no such GPU.
    """
    found = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda", 0) if found else torch.device("cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= found:
        raise UserError(f"device = {name!r}, but PyTorch sees {found} GPU(s); allowed: auto, cpu")
    return device


def parallel_calls(device: torch.device) -> int:
    """How many forward passes run at once: one per core, each in one thread, or one on a GPU.

    On small inputs this is faster than to share one pass among the cores, and the sums do not
    depend on how many cores there are.
    """
    if device.type == "cuda":
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST_CALLS)


@contextmanager
def worker_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Worker threads in which PyTorch uses no further threads: many small passes side by side are
    faster than one that is shared, and their sums do not depend on the number of cores."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def arithmetic(device: torch.device) -> dict[str, Any]:
    """The part of a fingerprint that the device and its libraries decide."""
    return {
        "trunk": "bfloat16" if device.type == "cuda" else "float32",
        "device": device.type,
        "torch": version("torch").partition("+")[0],
    }


@contextmanager
def frozen_inference(device: torch.device) -> Iterator[None]:
    """No gradients, and on a GPU the same kernels and full float32 whenever it runs."""
    with torch.inference_mode():
        if device.type != "cuda":
            yield
            return
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield


def trunk_precision(device: torch.device) -> torch.autocast:
    """bfloat16 for a convolutional trunk on a GPU; elsewhere float32 as it is."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def trunk_layout(device: torch.device) -> torch.memory_format:
    """Channels last on a GPU, whose kernels for bfloat16 are faster so; elsewhere as usual."""
    return torch.channels_last if device.type == "cuda" else torch.contiguous_format


def compile_trunk(trunk: nn.Module) -> None:
    """Let PyTorch compile a convolutional trunk when it first runs, for the size it is given."""
    trunk.compile(dynamic=False)
