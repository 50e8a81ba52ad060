"""Memory that one pass of a network frees stays with the process, for the next one."""

import ctypes

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4


def keep_freed_memory() -> bool:
    """Stop the C library from handing freed tensors back to the system; true where that worked.

    glibc maps every large block from the system and returns it when it is freed. A convolutional
    network frees and needs the same large blocks again and again, and the system fills each of
    their pages with zeros each time: half of the time of a step of the detector's training, an
    eighth of that of extraction. The process keeps what it needed most. Other C libraries are left
    as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc; no such call; Windows
        return False
    done: list[int] = [mallopt(_M_MMAP_MAX, 0), mallopt(_M_TRIM_THRESHOLD, -1)]
    return done == [1, 1]
