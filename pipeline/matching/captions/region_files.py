"""The `.npy` files of precomputed region features."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.core.arrays import read_npy
from pipeline.errors import UserError

Array = npt.NDArray[np.float32]


def regions_path(folder: Path, files: str) -> Path:
    """The file of a split's regions."""
    return folder / f"{files}_ims.npy"


def open_regions(folder: Path, files: str) -> Array:
    """The images' regions (n, K, D), memory-mapped.

    Raises:
        UserError: the file is missing or holds no such array.
    """
    path = regions_path(folder, files)
    array: Array = read_npy(path, "corpus.folder", mapped=True)
    if array.ndim != 3 or array.dtype.kind != "f":
        raise UserError(
            f"{path} holds {array.dtype} of shape {array.shape}; expected floats (images,"
            " regions, width)"
        )
    return array
