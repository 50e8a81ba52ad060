"""How much memory there is for features, and whether they fit."""

import os
from functools import cache
from pathlib import Path

import torch

# The rest is for the model, its gradients, and other programs.
_SHARE = 0.75

_CGROUPS = Path("/sys/fs/cgroup")
_LIMITS = ("memory.max", "memory.limit_in_bytes")  # of versions 2 and 1


def exceed_memory(size: int, memory: int | None = None) -> bool:
    """Whether features of so many bytes are too many for the memory of this machine.

    What the machine has decides, not what happens to be free: the order of batches follows from it,
    and the same training must give the same model.

    memory: bytes in place of the machine's.
    """
    limit = machine_memory() if memory is None else memory
    return limit is not None and size > _SHARE * limit


def fit_on(device: torch.device, size: int, memory: int | None = None) -> bool:
    """Whether features of so many bytes fit into the free memory of a GPU.

    memory: bytes in place of those that are free.
    """
    free = torch.cuda.mem_get_info(device)[0] if memory is None else memory
    return size <= _SHARE * free


@cache
def machine_memory() -> int | None:
    """Bytes of memory that this process may use; None where the system does not tell.

    The least of the machine's and the limits of the control groups that it is in.
    """
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no such call
        return None
    return min([physical, *_group_limits(Path("/proc/self/cgroup"), _CGROUPS)])


def _group_limits(membership: Path, groups: Path) -> list[int]:
    """The limits of this process's control groups and of those around them, where there are any."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    limits = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root = groups / controllers
        # Inside a container, the name may be that outside of it.
        own = root / name.strip("/")
        for folder in (own, *own.parents):
            if folder.is_relative_to(root):
                limits += _limits_in(folder)
    return limits


def _limits_in(folder: Path) -> list[int]:
    found = []
    for name in _LIMITS:
        try:
            text = (folder / name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():  # else: max
            found.append(int(text))
    return found
