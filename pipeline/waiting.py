"""How the threads of OpenMP wait for each other."""

import os

_SPINS = "1000"


def wait_briefly() -> None:
    """Let waiting threads spin for a moment only, before they give their core to others.

    GNU OpenMP's own choice is to spin for long: beside other work, threads then wait for cores that
    are busy waiting, and training takes many times longer. Values do not change. For programs,
    before they import PyTorch; a library has no say in it, and what the user has set stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
