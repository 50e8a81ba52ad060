"""Devices: where models run, with which precision and memory, and what of that changes values."""

import ctypes
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from pipeline.cores import core_count
from pipeline.errors import UserError

# Each call holds an image's activations, so memory limits their number on large machines.
_MAX_CALLS = 16

# Ampere is the first architecture with bfloat16.
_BFLOAT16_SINCE = (8, 0)

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def resolve_device(name: str) -> torch.device:
    """The device of a `device` parameter: auto | cpu | cuda | cuda:N.

    Raises:
        UserError: it is none of these, or there is no such GPU.
    """
    found = torch.cuda.device_count()
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", name):
        raise UserError(f"device = {name!r}; allowed: auto, cpu, cuda or cuda:N")
    if name == "auto":
        return torch.device("cuda", 0) if found else torch.device("cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= found:
        raise UserError(f"device = {name!r}, but PyTorch sees {found} GPU(s); allowed: auto, cpu")
    return device


def on_device(values: Tensor, device: torch.device) -> Tensor:
    """Values of the host on a device, without waiting for what the device still has to do."""
    if values.device.type == device.type:
        return values
    # Unpinned, the copy would wait for all that the GPU has to do.
    return values.pin_memory().to(device, non_blocking=True)


def parallel_calls(device: torch.device) -> int:
    """How many forward passes run at once: one per core, each in one thread, or one on a GPU.

    On small inputs this is faster than sharing one pass among the cores, and sums do not depend on
    the number of cores.
    """
    if device.type == "cuda":
        return 1
    return min(core_count(), _MAX_CALLS)


@contextmanager
def worker_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Worker threads in which PyTorch uses no further threads; see `parallel_calls`."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def arithmetic(device: torch.device) -> dict[str, Any]:
    """The part of a fingerprint that depends on the device and its libraries."""
    return {
        "trunk": "bfloat16" if device.type == "cuda" else "float32",
        "device": device.type,
        "torch": version("torch").partition("+")[0],
    }


def revised(revision: int) -> dict[str, int]:
    """A revision's entry in a fingerprint; none for the first, so that older rows stay valid."""
    return {"revision": revision} if revision > 1 else {}


@contextmanager
def frozen_inference(device: torch.device) -> Iterator[None]:
    """No gradients; on a GPU, deterministic kernels and full float32."""
    kernels = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    with torch.inference_mode(), kernels if device.type == "cuda" else nullcontext():
        yield


def trunk_precision(device: torch.device) -> torch.autocast:
    """bfloat16 for a convolutional trunk on a GPU, float32 elsewhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def takes_batches(device: torch.device) -> bool:
    """Whether a batch is faster than its images one by one: on a GPU."""
    return device.type == "cuda"


def heads_precision(device: torch.device) -> torch.dtype:
    """bfloat16 for a detector's second stage where a GPU computes in it, float32 elsewhere."""
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= _BFLOAT16_SINCE:
        return torch.bfloat16
    return torch.float32


def trunk_layout(device: torch.device) -> torch.memory_format:
    """Channels last on a GPU, where bfloat16 kernels are faster with it; contiguous elsewhere."""
    return torch.channels_last if device.type == "cuda" else torch.contiguous_format


def keep_freed_memory() -> bool:
    """Stop glibc from returning freed tensors to the system; false with other C libraries.

    glibc maps each large block from the system and unmaps it when freed. A convolutional network
    needs the same blocks again and again, and zeroing their pages takes half the time of a training
    step of the detector, and an eighth of that of extraction. The process keeps its peak memory.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc; no such call; Windows
        return False
    done: list[int] = [mallopt(_M_MMAP_MAX, 0), mallopt(_M_TRIM_THRESHOLD, -1)]
    return done == [1, 1]
