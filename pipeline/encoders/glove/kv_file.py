"""Reads gensim's `.kv` files without running code.

A `.kv` file is a pickle, and unpickling calls whatever the file names. Here every name becomes an
inert record of its arguments and state: nothing is imported or called, and only words and numbers
are taken from the records. A hostile file can be refused or give wrong vectors, but not run code.
"""

import pickle
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError

Array = npt.NDArray[Any]

_NUMBERS = {"f2", "f4", "f8"}


def read_kv(path: Path) -> tuple[list[str], Array, list[Path]]:
    """Words, their vectors (V, D), and the files these are in.

    gensim keeps a large matrix beside the `.kv` file, in `<name>.vectors.npy`.

    Raises:
        UserError: it is no file of gensim 4's KeyedVectors.save, or it is damaged.
    """
    side = path.with_name(f"{path.name}.vectors.npy")
    try:
        words, matrix, beside = _read(path, side)
    except FileNotFoundError:
        raise UserError(f"{path} keeps its vectors in {side.name}, which is not there") from None
    except Exception as error:  # a damaged pickle may raise anything
        raise UserError(
            f"{path} is no KeyedVectors file of gensim 4, or damaged"
            f" ({type(error).__name__}: {error}); write one with KeyedVectors.save, or use"
            " word2vec's text or .bin format"
        ) from None
    # gensim may have room for more words than there are.
    return words, matrix[: len(words)], [path, side] if beside else [path]


def _read(path: Path, side: Path) -> tuple[list[str], Array, bool]:
    with path.open("rb") as file:
        state = _Records(file).load().state
    words = state["index_to_key"]
    beside = "vectors" not in state
    matrix = np.load(side, mmap_mode="r") if beside else _array(state["vectors"])
    _check(words, matrix)
    return words, matrix, beside


class _Record:
    """Stands for an object of any class: its arguments and its state."""

    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> "_Record":
        record = super().__new__(cls)
        record.args = args
        return record

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Records(pickle._Unpickler):
    """Reads a pickle as data.

    Python's own reader in C keeps its memo in an array as long as the greatest number that the
    file names: nine bytes take 64 GB. The one in Python takes a dict, and seconds for a million
    words.
    """

    # gensim writes no bytearrays, which are filled before any byte of the file is read.
    dispatch: ClassVar = {
        code: load
        for code, load in pickle._Unpickler.dispatch.items()
        if code != pickle.BYTEARRAY8[0]
    }

    def find_class(self, module: str, name: str) -> type[_Record]:
        # A new class each time, as a pickle can also set attributes of classes.
        return type("_Named", (_Record,), {})


def _array(record: _Record) -> Array:
    """An ndarray from its pickled state."""
    _, shape, kind, by_columns, data = record.state
    name, order = kind.args[0], kind.state[1]
    if name not in _NUMBERS or order not in ("<", ">"):
        raise ValueError(f"vectors of type {order}{name}")
    array = np.frombuffer(data, dtype=np.dtype(order + name))
    return array.reshape(shape, order="F" if by_columns else "C")


def _check(words: Any, matrix: Array) -> None:
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("its words are no list of text")
    if matrix.ndim != 2 or len(matrix) < len(words) or matrix.dtype.kind != "f":
        raise ValueError(f"{len(words)} words, but vectors {matrix.dtype} {matrix.shape}")
