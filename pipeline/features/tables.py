"""The rows of a feature file, wherever they are: in memory, in the file, or on a GPU."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.core.device import on_device
from pipeline.features.mapping import Array, is_mapped, read_in_advance

Rows = npt.NDArray[np.int64]

CPU = torch.device("cpu")
# Bytes between two wanted rows that are read rather than left out.
_GAP = 2**18


def members(rows: Rows, count: int) -> Rows:
    """The numbers (B, count) of the vectors of rows (B,) that have so many each."""
    found: Rows = rows[:, None] * count + np.arange(count)
    return found


class Table:
    """Vectors (n, D), found by their numbers, which are on the host.

    shape: (n, D). nbytes: of all vectors, as their file has them.
    """

    def __init__(self, values: Array) -> None:
        """values: (n, ..., D), in memory or mapped."""
        self._values = values.reshape(-1, values.shape[-1])
        self._place()

    def _place(self, device: torch.device = CPU, resident: bool = True) -> None:
        self.device, self.resident = device, resident
        with warnings.catch_warnings():
            # That a mapped array cannot be written to; nothing writes to it.
            warnings.simplefilter("ignore", UserWarning)
            tensor = torch.from_numpy(self._values)
        self._tensor = tensor.to(device) if resident else tensor

    # joblib sends a mapped array by the name of its file, and a tensor by its values.
    def __getstate__(self) -> dict[str, Any]:
        return {"_values": self._values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._values = state["_values"]
        self._place()

    @property
    def shape(self) -> tuple[int, int]:
        rows, width = self._values.shape
        return rows, width

    @property
    def nbytes(self) -> int:
        return self._values.nbytes

    def to(self, device: torch.device, resident: bool) -> None:
        """Give vectors on this device; resident: keep all of them there, rather than bring each
        selection from the host."""
        if (device, resident) != (self.device, self.resident):
            self._place(device, resident)

    def select(self, numbers: Rows) -> Tensor:
        """Some vectors, (...) -> (..., D), on the device, in the precision of the file."""
        flat = torch.from_numpy(numbers.reshape(-1))
        # Rows of a flat table are copied whole, several times faster than by other indexing.
        if self.resident:
            found = self._tensor.index_select(0, on_device(flat, self.device))
        else:
            found = on_device(self._tensor.index_select(0, flat), self.device)
        return found.view(*numbers.shape, -1)

    def read_in_advance(self, numbers: Rows) -> None:
        """Bring some vectors, in ascending order, nearer where they are still in their file."""
        if is_mapped(self._values) and not (self.resident and self.device != CPU):
            row = max(1, self.nbytes // max(1, len(self._values)))
            read_in_advance(self._values, numbers, max(1, _GAP // row))


class Items:
    """Rows of a file that have M vectors each, in any order. places: (n,) which rows they are."""

    def __init__(self, places: Rows, values: Array) -> None:
        """values: (m, M, D), of all rows of the file."""
        self.places, self._count = places, values.shape[1]
        self._table = Table(values)

    @property
    def tables(self) -> list[Table]:
        return [self._table]

    def to(self, device: torch.device, resident: bool = True) -> None:
        """Give vectors on a device; resident: see `Table.to`."""
        self._table.to(device, resident)

    def select(self, rows: Rows) -> Tensor:
        """The vectors (B, M, D) float32 of some of the rows."""
        return self._table.select(members(self.places[rows], self._count)).float()

    def read_in_advance(self, rows: Rows) -> None:
        """Bring some rows' vectors nearer, see `Table.read_in_advance`."""
        self._table.read_in_advance(members(np.unique(self.places[rows]), self._count).ravel())
