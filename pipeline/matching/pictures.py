"""The regions of a split's pictures, from the project's own features or from a .npy file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.errors import UserError
from pipeline.features.store import RegionFeatures
from pipeline.training.pictures import RegionVectors

Array = npt.NDArray[np.float32]


class Pictures(Protocol):
    """Regions by picture number; width: D_r."""

    width: int

    def regions(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """(B, K, D_r) float32 and mask (B, K) of these pictures, on the device of `numbers`."""


class StoredPictures:
    """Regions in regions.h5, held in memory."""

    def __init__(self, keys: Sequence[str], regions: RegionFeatures, device: torch.device) -> None:
        """Look up each picture's key.

        Raises:
            UserError: a picture has no row in the file.
        """
        self._vectors = RegionVectors(keys, regions, "conf").to(device)
        self.width = self._vectors.width

    def regions(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        found = self._vectors.gather(numbers)
        return found["regions"], found["region_mask"]


class MappedPictures:
    """Regions in a .npy file, of which only what a batch needs is read."""

    def __init__(self, rows: Sequence[str], array: Array) -> None:
        self._rows = np.array(rows, dtype=np.int64)
        self._array = array
        self.width = array.shape[2]

    def regions(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        rows = self._rows[numbers.cpu().numpy()]
        found = torch.from_numpy(self._array[rows].astype(np.float32, copy=False))
        mask = torch.ones(found.shape[:2], dtype=torch.bool)
        return found.to(numbers.device), mask.to(numbers.device)


def open_regions(folder: Path, files: str) -> Array:
    """The pictures' regions (n, K, D), read from disk piece by piece as they are asked for.

    Raises:
        UserError: there is no such array.
    """
    path = folder / f"{files}_ims.npy"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file (corpus.folder)") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    if array.ndim != 3 or array.dtype.kind != "f":
        raise UserError(
            f"{path} holds {array.dtype} of shape {array.shape}; expected floats (pictures,"
            " regions, width)"
        )
    found: Array = array
    return found
