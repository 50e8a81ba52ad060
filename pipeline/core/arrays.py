"""Reads arrays of foreign .npy files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError, first_line


def read_npy(path: Path, param: str, mapped: bool = False) -> NDArray[Any]:
    """The array of a .npy file. No object in it is ever unpickled.

    param: the parameter that names the file or its folder, for messages. mapped: leave the values
    on disk until they are used.

    Raises:
        UserError: the file is missing, damaged or an archive.
    """
    try:
        array = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file ({param})") from None
    except Exception as error:  # a damaged header raises anything, from SyntaxError to EOFError
        reason = f"cannot be read as a .npy array ({param}): {first_line(error)}"
        raise UserError(f"{path} {reason}") from None
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path} is an archive, not an array ({param})")
    return array
