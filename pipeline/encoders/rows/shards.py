"""A shard: rows of one encoder by key, as one safetensors file.

keys (n, 32) u1         key digests
field.<name>            (n, *shape), or (sum of lengths, *shape) for a ragged field
offsets (n + 1,) i8     where each row of the ragged fields begins, and where the last ends
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load

from pipeline.encoders.rows.encoder import Field, Row
from pipeline.errors import UserError

SHARD_SUFFIX = ".safetensors"

_KEYS = "keys"
_FIELD = "field."
_OFFSETS = "offsets"
_KEY_BYTES = 32
# The bits of float16; NaN of either sign comes after them, every number before.
_INFINITY, _NEGATIVE_INFINITY = 0x7C00, 0xFC00
# Longer than any header, so that one request to a remote storage reads it whole.
_HEAD = 4096
_DTYPES = {"U8": np.uint8, "I64": np.int64}  # of keys and offsets
# The names of types in a header, and the order of their arrays in safetensors' own files.
_NAMES = {
    "bool": "BOOL", "uint8": "U8", "int16": "I16", "int32": "I32", "int64": "I64",
    "float16": "F16", "float32": "F32",
}  # fmt: skip
_ORDER = ("int64", "float32", "int32", "float16", "int16", "uint8", "bool")

# Shape and dtype of each array of a shard.
_Layout = dict[str, tuple[tuple[int, ...], str]]

# Returns a file's bytes from a start to before a stop.
Read = Callable[[int, int], bytes]


def shard_name(data: bytes | bytearray) -> str:
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
    if values.dtype.kind == "f" and not _is_finite(values):
        raise UserError(f"{name}: {field.name} is not finite, or too large for {field.dtype}")


def pack(rows: Mapping[str, Row], fields: tuple[Field, ...]) -> bytearray:
    """The bytes of a shard, as safetensors' own `save` makes them with three copies more."""
    ragged = next((field.name for field in fields if field.ragged), None)
    lengths = [len(row[ragged]) for row in rows.values()] if ragged else []
    layout = _layout(fields, len(rows), sum(lengths))
    names = sorted(layout, key=lambda name: (_ORDER.index(layout[name][1]), name))
    head, ends = _header(layout, names)
    data = bytearray(ends[-1])
    data[: len(head)] = head
    for name, start in zip(names, [len(head), *ends], strict=False):
        shape, dtype = layout[name]
        count = math.prod(shape)
        target = np.frombuffer(data, dtype, count, start).reshape(shape)
        _fill(target, name, rows, lengths)
    return data


def _header(layout: _Layout, names: list[str]) -> tuple[bytes, list[int]]:
    """The first bytes of a safetensors file, and where each array ends in it."""
    entries, ends = {}, [0]
    for name in names:
        shape, dtype = layout[name]
        ends.append(ends[-1] + np.dtype(dtype).itemsize * math.prod(shape))
        entries[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": ends[-2:]}
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    return head, [len(head) + end for end in ends[1:]]


def _fill(target: npt.NDArray[Any], name: str, rows: Mapping[str, Row], lengths: list[int]) -> None:
    """Set one array of a shard."""
    if name == _KEYS:
        target[:] = np.frombuffer(bytes.fromhex("".join(rows)), np.uint8).reshape(target.shape)
    elif name == _OFFSETS:
        target[:] = np.cumsum([0, *lengths])
    else:
        values = [row[name.removeprefix(_FIELD)] for row in rows.values()]
        is_ragged = values[0].ndim == target.ndim
        (np.concatenate if is_ragged else np.stack)(values, out=target)


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


def check_shard(data: bytes, fields: tuple[Field, ...]) -> None:
    """Check that a shard holds rows that `check_row` lets pass, each once.

    Another program may have made the shard, so that its name proves nothing about them.

    Raises:
        SafetensorError: it does not; with the reason.
    """
    arrays = load(data)
    if arrays.keys() != _layout(fields, 0, 0).keys():
        raise SafetensorError(f"it has the arrays {sorted(arrays)}")
    offsets = arrays.get(_OFFSETS, np.zeros(1, np.int64))
    # Keys and offsets of another form differ from any layout.
    rows = len(arrays[_KEYS]) if arrays[_KEYS].ndim else 0
    is_list = offsets.ndim == 1 and offsets.size and offsets.dtype == np.int64
    length = int(offsets[-1]) if is_list else 0
    for name, (shape, dtype) in _layout(fields, rows, length).items():
        found = arrays[name]
        if (found.shape, found.dtype) != (shape, np.dtype(dtype)):
            raise SafetensorError(f"{name} is {found.dtype} {found.shape}, not {dtype} {shape}")
        if found.dtype.kind == "f" and not _is_finite(found):
            raise SafetensorError(f"{name} has values that are not finite")
    _check_offsets(offsets)
    if len(set(_hex(arrays[_KEYS]))) < len(arrays[_KEYS]):
        raise SafetensorError("a key occurs twice")


def _layout(fields: tuple[Field, ...], rows: int, length: int) -> _Layout:
    """Shape and dtype of each array; length: of all ragged rows together."""
    arrays: _Layout = {_KEYS: ((rows, _KEY_BYTES), "uint8")}
    for field in fields:
        arrays[_stored(field)] = ((length if field.ragged else rows, *field.shape), field.dtype)
        if field.ragged:
            arrays[_OFFSETS] = ((rows + 1,), "int64")
    return arrays


def _check_offsets(offsets: npt.NDArray[Any]) -> None:
    if offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise SafetensorError("its offsets are not ascending from 0")


def _is_finite(values: npt.NDArray[Any]) -> bool:
    """Whether no value is NaN or infinite."""
    if values.dtype == np.float16 and values.size:  # without a copy, unlike isfinite
        positive, negative = values.view(np.int16).max(), values.view(np.uint16).max()
        return bool(positive < _INFINITY and negative < _NEGATIVE_INFINITY)
    return bool(np.isfinite(values).all())


def read_keys(read: Read) -> list[str]:
    """The keys of a shard, read without its values.

    Raises:
        SafetensorError: it is damaged.
    """
    keys = _read_array(read, _KEYS)
    if keys.ndim != 2 or keys.shape[1] != _KEY_BYTES:
        raise SafetensorError(f"its keys have the shape {keys.shape}")
    return _hex(keys)


def read_lengths(read: Read) -> dict[str, int]:
    """The length of each key's ragged fields, read without their values.

    Raises:
        SafetensorError: it is damaged.
    """
    keys, offsets = read_keys(read), _read_array(read, _OFFSETS)
    if offsets.shape != (len(keys) + 1,):
        raise SafetensorError(f"its offsets have the shape {offsets.shape}")
    _check_offsets(offsets)
    return dict(zip(keys, np.diff(offsets).tolist(), strict=True))


def _read_array(read: Read, name: str) -> npt.NDArray[Any]:
    """One array of a safetensors file: the header's length (8 bytes), a JSON header, the values."""
    head = read(0, _HEAD)
    try:
        begin = 8 + int.from_bytes(head[:8], "little")
        header = json.loads(head[8:begin])
        start, stop = (begin + offset for offset in header[name]["data_offsets"])
        if start < begin:
            raise ValueError("an array begins before the values")
        values = np.frombuffer(read(start, stop), _DTYPES[header[name]["dtype"]])
        return values.reshape(header[name]["shape"])
    # Lists in lists to any depth; sizes beyond any file's.
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise SafetensorError(f"its header cannot be read: {error}") from None


def _stored(field: Field) -> str:
    return f"{_FIELD}{field.name}"


def _hex(digests: npt.NDArray[Any]) -> list[str]:
    return [digest.tobytes().hex() for digest in digests]
