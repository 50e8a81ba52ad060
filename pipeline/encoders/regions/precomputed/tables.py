"""bottom-up-attention's TSV: image_id, image_w, image_h, num_boxes, boxes, features.

The last two are float32 in base64. There is no header line.
"""

import binascii
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pipeline.encoders.regions.precomputed.base import Array, ImageRegions, checked
from pipeline.errors import UserError

_COLUMNS = 6
_MAX_LINE_BYTES = 2**26


class TableSource:
    """The rows of one or several TSV files, found by the offsets of their lines."""

    format = "bottom-up-attention TSV"

    def __init__(self, files: list[Path]) -> None:
        """Read each file once, for the offsets of its lines and its digest.

        Raises:
            UserError: a line does not have six columns, or an id has two different lines.
        """
        self._place: dict[str, tuple[Path, int]] = {}
        self.digest = sha256("".join(sorted(map(self._index, files))).encode()).hexdigest()
        if not self._place:
            raise UserError(f"{files[0]} is empty")
        self.ids = list(self._place)
        path, offset = next(iter(self._place.values()))
        cells = _cells(_line(path, offset))
        count = _number(f"{path}, first line: num_boxes", cells[3])
        values = _floats(f"{path}, first line", cells[5])
        if count < 1 or len(values) % count:
            raise UserError(f"{path}, first line: {len(values)} values are not {count} features")
        self.feature_dim = len(values) // count

    def read(self, id: str) -> ImageRegions:
        path, offset = self._place[id]
        place = f"{path}, id {id}"
        _, width, height, count, boxes, features = _cells(_line(path, offset))
        regions = _number(f"{place}: num_boxes", count)
        values, corners = _floats(place, features), _floats(place, boxes)
        if len(values) != regions * self.feature_dim or len(corners) != regions * 4:
            raise UserError(
                f"{place}: num_boxes is {regions}, but there are {len(corners)} values of boxes"
                f" and {len(values)} of features, {self.feature_dim} each"
            )
        size = (_number(f"{place}: image_h", height), _number(f"{place}: image_w", width))
        shape = (regions, self.feature_dim)
        return checked(
            place, values.reshape(shape), corners.reshape(regions, 4), size, self.feature_dim
        )

    def _index(self, path: Path) -> str:
        """Record the offset of each line; returns the file's sha256."""
        digest = sha256()
        size = path.stat().st_size
        bar: tqdm[Any] = tqdm(total=size, desc=path.name, unit="B", unit_scale=True)
        with path.open("rb") as file, bar:
            offset = 0
            while line := file.readline(_MAX_LINE_BYTES):
                digest.update(line)
                if line.strip():
                    self._add(path, offset, line)
                offset += len(line)
                bar.update(len(line))
        return digest.hexdigest()

    def _add(self, path: Path, offset: int, line: bytes) -> None:
        cells = _cells(line)
        if len(cells) != _COLUMNS:
            raise UserError(
                f"{path}, byte {offset}: {len(cells)} tab-separated columns, expected {_COLUMNS}:"
                " image_id, image_w, image_h, num_boxes, boxes, features; is it complete?"
            )
        id = cells[0].decode("utf-8", "replace")
        first, first_offset = self._place.setdefault(id, (path, offset))
        # The files of several workers overlap.
        if (first, first_offset) != (path, offset) and _cells(_line(first, first_offset)) != cells:
            raise UserError(f"id {id} has different lines in {first} and {path}")


def _line(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.readline(_MAX_LINE_BYTES)


def _cells(line: bytes) -> list[bytes]:
    return line.rstrip(b"\r\n").split(b"\t")


def _number(place: str, cell: bytes) -> int:
    try:
        return int(cell)
    except ValueError:
        raise UserError(f"{place} is {cell[:20]!r}, expected a whole number") from None


def _floats(place: str, cell: bytes) -> Array:
    try:
        return np.frombuffer(b64decode(cell, validate=True), dtype="<f4")
    except (binascii.Error, ValueError) as error:
        raise UserError(f"{place}: no float32 in base64 ({error}); is the line complete?") from None
