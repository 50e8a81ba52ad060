"""How many cores there are to work with."""

import os


def core_count() -> int:
    """The cores that this process may use; where the system does not tell, all of the machine's."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
