"""Same machine, same versions, same parameters: same weights."""

import os
import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed all generators, and let PyTorch use only operations that repeat themselves exactly."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - for libraries that still draw from the global generator
    torch.manual_seed(seed)
    # cuBLAS reads it when it first starts; without it, recurrent layers on a GPU may differ.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
