"""Memory that a training step frees stays with the process, for the next step."""

import ctypes

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def keep_freed_memory() -> bool:
    """Stop the C library from handing freed tensors back to the system; true where that worked.

    glibc maps every large block from the system and returns it when it is freed. A convolutional
    network frees and needs the same large blocks in every step, and the system fills each of their
    pages with zeros again: half of the time of a step of the detector's training. The process keeps
    what it needed most. Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc; no such call; Windows
        return False
    done: list[int] = [mallopt(_M_MMAP_MAX, 0), mallopt(_M_TRIM_THRESHOLD, -1)]
    return done == [1, 1]
