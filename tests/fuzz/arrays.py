"""Kinds of damage to named arrays, as feature files, shards and weights hold them.

A kind of `ANY` gives another array for one of them, one of `FLOATS` or `INTEGERS` for one of such
numbers, and one of `NAMES` changes which array has which name. `FOREIGN` are arrays that only some
formats can hold.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from tests.fuzz.damage import Draw

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
Change = Callable[[Array, Draw], Array]


def _one(value: float) -> Change:
    """Put a value in one place."""

    def damage(array: Array, draw: Draw) -> Array:
        damaged = array.copy()
        if damaged.size:
            damaged.reshape(-1)[draw(st.integers(0, damaged.size - 1))] = value
        return damaged

    return damage


def _all(value: Callable[[Array], Any]) -> Change:
    return lambda array, _: np.full_like(array, value(array))


def _to(kind: str) -> Change:
    """Convert numbers; texts become zeros."""
    return lambda array, _: (
        array.astype(kind) if array.dtype.kind in "fiub" else np.zeros(array.shape, kind)
    )


def _noise(array: Array, draw: Draw) -> Array:
    if array.dtype.kind in "bO":
        return np.full_like(array, draw(st.text(max_size=5)))
    size = array.nbytes
    data = draw(st.binary(min_size=size, max_size=size))
    return np.frombuffer(data, array.dtype).reshape(array.shape).copy()


def _more(array: Array) -> Array:
    return np.concatenate([array, array[-1:]]) if array.ndim else np.array([array, array])


def _column(change: Callable[[Array], Array]) -> Change:
    """Change the last axis."""
    return lambda array, _: np.moveaxis(change(np.moveaxis(np.atleast_1d(array), -1, 0)), 0, -1)


def _rows(change: Callable[[Array, Draw], Array]) -> Change:
    """Change the first axis, if there is one with rows."""
    return lambda array, draw: change(array, draw) if array.ndim and len(array) else array[None]


def _permuted(array: Array, draw: Draw) -> Array:
    return array[draw(st.permutations(range(len(array))))]


ANY: dict[str, Change] = {
    "no row": _rows(lambda array, _: array[:0]),
    "one row": _rows(lambda array, _: array[:1]),
    "a row less": _rows(lambda array, _: array[:-1]),
    "a row more": _rows(lambda array, _: _more(array)),
    "rows twice": _rows(lambda array, _: np.concatenate([array, array])),
    "rows reversed": _rows(lambda array, _: array[::-1].copy()),
    "rows in another order": _rows(_permuted),
    "rows all the same": _rows(lambda array, _: np.repeat(array[:1], len(array), axis=0)),
    "no column": _column(lambda array: array[:0]),
    "a column less": _column(lambda array: array[:-1]),
    "a column more": _column(_more),
    "columns reversed": _column(lambda array: array[::-1]),
    "an axis before": lambda array, _: array[None],
    "an axis behind": lambda array, _: array[..., None],
    "flat": lambda array, _: array.reshape(-1),
    "a single number": lambda array, _: np.zeros((), array.dtype),
    "turned": lambda array, _: np.ascontiguousarray(array.T),
    "of 5,000 columns": lambda array, _: np.zeros((*array.shape[:-1], 5000), array.dtype),
    "float16": _to("f2"),
    "float32": _to("f4"),
    "float64": _to("f8"),
    "int8": _to("i1"),
    "int16": _to("i2"),
    "int32": _to("i4"),
    "int64": _to("i8"),
    "uint8": _to("u1"),
    "uint64": _to("u8"),
    "booleans": _to("?"),
    "all zero": _all(lambda array: 0),
    "all one": _all(lambda array: 1),
    "noise": _noise,
}
FLOATS: dict[str, Change] = {
    "one NaN": _one(np.nan),
    "one infinity": _one(np.inf),
    "one minus infinity": _one(-np.inf),
    "all NaN": _all(lambda array: np.nan),
    "one largest": lambda array, draw: _one(np.finfo(array.dtype).max)(array, draw),
    "one smallest": lambda array, draw: _one(np.finfo(array.dtype).smallest_subnormal)(array, draw),
    "one minus zero": _one(-0.0),
    "negative": lambda array, _: -array,
    "huge": lambda array, _: array * 60_000,
}
INTEGERS: dict[str, Change] = {
    "largest": lambda array, draw: _one(np.iinfo(array.dtype).max)(array, draw),
    "least": lambda array, draw: _one(np.iinfo(array.dtype).min)(array, draw),
    "one zero": _one(0),
    "one more": lambda array, _: array + array.dtype.type(1),
    "one less": lambda array, _: array - array.dtype.type(1),
    "sorted": lambda array, _: np.sort(array, axis=0) if array.ndim else array,
}
FOREIGN: dict[str, Change] = {
    "bytes": _to("S5"),
    "text": _to("U5"),
    "complex numbers": _to("c8"),
    "of the other byte order": lambda array, _: array.astype(array.dtype.newbyteorder(">")),
    "records": lambda array, _: np.zeros(array.shape, [("a", "f4"), ("b", "i4")]),
    "times": lambda array, _: np.zeros(array.shape, "M8[s]"),
    "objects": lambda array, _: array.astype(object),
    "by columns": lambda array, _: np.asfortranarray(array),
}


def _missing(arrays: Arrays, name: str, other: str) -> None:
    del arrays[name]


def _extra(arrays: Arrays, name: str, other: str) -> None:
    arrays["extra"] = arrays[name]


def _renamed(arrays: Arrays, name: str, other: str) -> None:
    arrays[name.upper()] = arrays.pop(name)


def _exchanged(arrays: Arrays, name: str, other: str) -> None:
    arrays[name], arrays[other] = arrays[other], arrays[name]


def _copied(arrays: Arrays, name: str, other: str) -> None:
    arrays[name] = arrays[other]


def _alone(arrays: Arrays, name: str, other: str) -> None:
    for each in {*arrays} - {name}:
        del arrays[each]


def _none(arrays: Arrays, name: str, other: str) -> None:
    arrays.clear()


NAMES: dict[str, Callable[[Arrays, str, str], None]] = {
    "missing": _missing,
    "an extra one": _extra,
    "renamed": _renamed,
    "exchanged": _exchanged,
    "copied": _copied,
    "alone": _alone,
    "none": _none,
}
_NUMBERS = {**dict.fromkeys(FLOATS, "f"), **dict.fromkeys(INTEGERS, "iu")}
ARRAYS = [*ANY, *FLOATS, *INTEGERS, *NAMES]


def damaged_arrays(kind: str, arrays: Arrays, draw: Draw) -> Arrays:
    """Copies of the arrays, with one damaged where its numbers are of the kind for it."""
    damaged = {name: array.copy() for name, array in arrays.items()}
    fitting = [n for n, x in arrays.items() if x.dtype.kind in _NUMBERS.get(kind, x.dtype.kind)]
    name, other = (draw(st.sampled_from(fitting or [*arrays])) for _ in range(2))
    if kind in NAMES:
        NAMES[kind](damaged, name, other)
    elif fitting:
        with np.errstate(all="ignore"):
            change = {**ANY, **FLOATS, **INTEGERS, **FOREIGN}[kind]
            damaged[name] = np.asarray(change(damaged[name], draw))
    return damaged
