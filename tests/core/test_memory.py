"""A process that keeps freed memory does not ask the system for it again."""

import platform
import subprocess
import sys

import pytest

_FREED_AGAIN_AND_AGAIN = """
import resource, sys
import torch
from pipeline.core.device import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(20):  # the heap grows a few times until the blocks' alignment fits too
    torch.ones(16_000_000)  # 64 MB, freed at once
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(16_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _page_faults(how: str) -> int:
    command = [sys.executable, "-c", _FREED_AGAIN_AND_AGAIN, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_a_tensor_of_the_same_size_takes_the_same_pages() -> None:
    assert _page_faults("keep") * 5 < _page_faults("return")
