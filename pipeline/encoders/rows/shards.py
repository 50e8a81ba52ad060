"""A shard: rows of one encoder by key, as one safetensors file.

keys (n, 32) u1         key digests
field.<name>            (n, *shape), or (sum of lengths, *shape) for a ragged field
offsets (n + 1,) i8     where each row of the ragged fields begins, and where the last ends
"""

import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from pipeline.encoders.rows.encoder import Field, Row
from pipeline.errors import UserError

SHARD_SUFFIX = ".safetensors"

_KEYS = "keys"
_OFFSETS = "offsets"
# Longer than any header, so that one request to a remote storage reads it whole.
_HEAD = 4096
_DTYPES = {"U8": np.uint8, "I64": np.int64}  # of keys and offsets

# Returns a file's bytes from a start to before a stop.
Read = Callable[[int, int], bytes]


def shard_name(data: bytes) -> str:
    """The name of a shard: its bytes' sha256. A shard of any other name is damaged."""
    return sha256(data).hexdigest() + SHARD_SUFFIX


def check_row(name: str, row: Row, fields: tuple[Field, ...]) -> None:
    """Check a row against its encoder's fields.

    Raises:
        UserError: a value is not finite, as after an overflow in float16.
        ValueError: names, shapes or types differ.
    """
    expected = [field.name for field in fields]
    if list(row) != expected:
        raise ValueError(f"{name} has fields {list(row)}, expected {expected}")
    lengths = {len(row[field.name]) for field in fields if field.ragged}
    if len(lengths) > 1:
        raise ValueError(f"{name} has ragged fields of lengths {sorted(lengths)}")
    for field in fields:
        _check_values(name, row[field.name], field)


def _check_values(name: str, values: npt.NDArray[Any], field: Field) -> None:
    shape = values.shape[1:] if field.ragged else values.shape
    if shape != field.shape or values.dtype != np.dtype(field.dtype):
        raise ValueError(f"{name}: {values.dtype} {values.shape} is not {field}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise UserError(f"{name}: {field.name} is not finite, or too large for {field.dtype}")


def pack(rows: Mapping[str, Row], fields: tuple[Field, ...]) -> bytes:
    """The bytes of a shard."""
    digests = b"".join(bytes.fromhex(key) for key in rows)
    arrays: dict[str, npt.NDArray[Any]] = {
        _KEYS: np.frombuffer(digests, dtype=np.uint8).reshape(len(rows), 32)
    }
    for field in fields:
        values = [row[field.name] for row in rows.values()]
        arrays[_stored(field)] = np.concatenate(values) if field.ragged else np.stack(values)
        if field.ragged:
            arrays[_OFFSETS] = np.cumsum([0] + [len(value) for value in values], dtype=np.int64)
    return save(arrays)


def unpack(data: bytes, fields: tuple[Field, ...], wanted: Iterable[str]) -> dict[str, Row]:
    """The wanted rows of a shard that has them all."""
    arrays = load(data)
    place = {key: i for i, key in enumerate(_hex(arrays[_KEYS]))}
    rows: dict[str, Row] = {}
    for key in wanted:
        i = place[key]
        rows[key] = {}
        for field in fields:
            values = arrays[_stored(field)]
            if field.ragged:
                start, stop = arrays[_OFFSETS][i : i + 2]
                rows[key][field.name] = values[start:stop]
            else:
                rows[key][field.name] = values[i]
    return rows


def read_keys(read: Read) -> list[str]:
    """The keys of a shard, read without its values.

    Raises:
        SafetensorError: it is damaged.
    """
    return _hex(_read_array(read, _KEYS))


def read_lengths(read: Read) -> dict[str, int]:
    """The length of each key's ragged fields, read without their values.

    Raises:
        SafetensorError: it is damaged.
    """
    keys, offsets = _hex(_read_array(read, _KEYS)), _read_array(read, _OFFSETS)
    return dict(zip(keys, np.diff(offsets).tolist(), strict=True))


def _read_array(read: Read, name: str) -> npt.NDArray[Any]:
    """One array of a safetensors file: the header's length (8 bytes), a JSON header, the values."""
    head = read(0, _HEAD)
    try:
        begin = 8 + int.from_bytes(head[:8], "little")
        header = json.loads(head[8:begin])
        start, stop = (begin + offset for offset in header[name]["data_offsets"])
        values = np.frombuffer(read(start, stop), _DTYPES[header[name]["dtype"]])
        return values.reshape(header[name]["shape"])
    except (ValueError, KeyError, TypeError) as error:
        raise SafetensorError(f"its header cannot be read: {error}") from None


def _stored(field: Field) -> str:
    return f"field.{field.name}"


def _hex(digests: npt.NDArray[Any]) -> list[str]:
    return [digest.tobytes().hex() for digest in digests]
