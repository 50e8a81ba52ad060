"""SCAN's layout: `<split>_ims.npy` (n, R, D), and `<split>_ids.txt` with the id of each row."""

from pathlib import Path

import numpy as np

from pipeline.core.arrays import read_npy
from pipeline.encoders.regions.precomputed.base import Array, ImageRegions, checked, files_digest
from pipeline.errors import UserError

_ARRAY, _IDS = "_ims.npy", "_ids.txt"
# In files with a line per caption.
_CAPTIONS_PER_IMAGE = 5


class ArraySource:
    """The rows of one or several arrays. SCAN's ids are Karpathy's `imgid`, no file names."""

    format = "SCAN-style arrays"

    def __init__(self, files: list[Path]) -> None:
        """Map the arrays into memory and read their ids.

        Raises:
            UserError: ids and rows do not match, or an id has two different rows.
        """
        self._arrays = {path: _open(path) for path in files}
        widths = {array.shape[2] for array in self._arrays.values()}
        if len(widths) > 1:
            raise UserError(f"{files[0].parent}: arrays of different widths {sorted(widths)}")
        self.feature_dim: int = widths.pop()
        self._place: dict[str, tuple[Path, int]] = {}
        for path, array in self._arrays.items():
            for row, id in enumerate(_ids(path, len(array))):
                self._add(id, path, row)
        self.ids = list(self._place)
        self.digest = files_digest([*files, *map(_ids_file, files)])

    def read(self, id: str) -> ImageRegions:
        path, row = self._place[id]
        place = f"{path}, row {row} (id {id})"
        return checked(place, np.asarray(self._arrays[path][row]), None, None, self.feature_dim)

    def _add(self, id: str, path: Path, row: int) -> None:
        first, first_row = self._place.setdefault(id, (path, row))
        known, here = self._arrays[first][first_row], self._arrays[path][row]
        if (first, first_row) != (path, row) and not np.array_equal(known, here):
            raise UserError(f"id {id} has different features in {first} and {path}, row {row}")


def _open(path: Path) -> Array:
    array: Array = read_npy(path, "regions.weights", mapped=True)
    if array.ndim != 3 or not len(array):
        raise UserError(f"{path}: expected an array of shape (images, regions, D)")
    return array


def _ids_file(path: Path) -> Path:
    stem = path.name.removesuffix(_ARRAY) if path.name.endswith(_ARRAY) else path.stem
    return path.with_name(stem + _IDS)


def _ids(path: Path, rows: int) -> list[str]:
    """The id of each row."""
    file = _ids_file(path)
    if not file.is_file():
        raise UserError(f"{file} not found; {path.name} needs the id of each of its rows there")
    try:
        ids = file.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read as UTF-8: {error}") from None
    if len(ids) == _CAPTIONS_PER_IMAGE * rows:
        first = ids[::_CAPTIONS_PER_IMAGE]
        if ids == [id for id in first for _ in range(_CAPTIONS_PER_IMAGE)]:
            return first
    if len(ids) != rows:
        raise UserError(f"{file} has {len(ids)} ids for {rows} rows of {path.name}")
    return ids
