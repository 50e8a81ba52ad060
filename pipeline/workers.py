"""Processes that work for another."""

import os
from multiprocessing import parent_process
from threading import Thread


def end_with_parent() -> None:
    """Let a process of a pool end with the one that started it, even if that one is killed.

    An initializer: without it, the process waits for work that nobody can send any more.
    """
    Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)
