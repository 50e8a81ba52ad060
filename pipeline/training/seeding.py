"""Seeds for reproducible training on one machine."""

import os
import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed all generators and make PyTorch use deterministic operations only."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - for libraries that still draw from the global generator
    torch.manual_seed(seed)
    # Read when cuBLAS starts; without it, recurrent layers on a GPU may differ between runs.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    # Filling takes a tenth of a small training's time; nothing reads a tensor before it is written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
