"""The `.npy` files of precomputed region features."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError, first_line

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
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file (corpus.folder)") from None
    except Exception as error:  # a damaged header raises anything, from SyntaxError to EOFError
        raise UserError(f"{path} cannot be read: {first_line(error)}") from None
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path} is an archive, not an array")
    if array.ndim != 3 or array.dtype.kind != "f":
        raise UserError(
            f"{path} holds {array.dtype} of shape {array.shape}; expected floats (images,"
            " regions, width)"
        )
    found: Array = array
    return found
