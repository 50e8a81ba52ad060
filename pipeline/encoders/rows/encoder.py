"""The encoder protocol: a pure function from one image or text to one row of arrays."""

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from pipeline.core.device import revised

Row = dict[str, npt.NDArray[Any]]

# Part of every fingerprint: raise it when the meaning of cached bytes changes.
ROW_FORMAT = 1


@dataclass(frozen=True)
class Field:
    """One array of a row.

    A fixed field has `shape` in every row. A ragged field has (length, *shape); all ragged fields
    of a row share the row's length.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    ragged: bool = False


class Encoder(Protocol):
    """Turns sources (an image, the words of a text) into rows, in two steps.

    `load` runs in worker threads ahead of the model. A row depends only on its own source, never on
    the rest of its batch or its position there.
    """

    @property
    def name(self) -> str:
        """The cache folder of this kind of encoder, e.g. "regions-fasterrcnn_lite"."""

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Everything that changes values, JSON-able: weights' sha256, params, library versions."""

    @property
    def revision(self) -> int:
        """Of the code, from 1: incremented by every change that changes values."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The arrays of every row."""

    @property
    def batch_size(self) -> int:
        """`encode` always gets this many items; 1 where batches save no time, as on a CPU."""

    @property
    def parallel_calls(self) -> int:
        """How many threads may call `encode` at once; see pipeline.core.device.parallel_calls."""

    def load(self, source: Any) -> Any:
        """Read, decode and resize one source; must be thread-safe."""

    def group(self, item: Any) -> Hashable:
        """Only items of one group share a batch: images of one size, texts of one length."""

    def encode(self, batch: Sequence[Any]) -> list[Row]:
        """Run the model; row i belongs to item i."""


@runtime_checkable
class SteppedEncoder(Protocol):
    """An encoder whose `encode` is several steps, of which one batch's overlaps with another's."""

    @property
    def steps(self) -> tuple[Callable[[Any], Any], ...]:
        """The first takes a batch, each the result of the one before, and the last gives rows.

        Each runs in as many threads as `parallel_calls` says, and these run no other step.
        """


def steps_of(encoder: Encoder) -> tuple[Callable[[Any], Any], ...]:
    """What turns a batch into rows, step by step."""
    return encoder.steps if isinstance(encoder, SteppedEncoder) else (encoder.encode,)


def identity(encoder: Encoder) -> str:
    """Everything that determines an encoder's rows, as JSON with sorted keys."""
    described = {
        "encoder": encoder.name,
        "batch_size": encoder.batch_size,
        "fields": [asdict(field) for field in encoder.fields],
        "row_format": ROW_FORMAT,
        "values": encoder.fingerprint,
        **revised(encoder.revision),
    }
    return json.dumps(described, sort_keys=True, allow_nan=False)


def fields_of(identity: str) -> tuple[Field, ...]:
    """The fields of an encoder with this `identity`."""
    described = json.loads(identity)["fields"]
    return tuple(Field(**{**field, "shape": tuple(field["shape"])}) for field in described)


def identity_digest(encoder: Encoder) -> str:
    """The cache folder's name below the encoder's: 16 hex digits."""
    return sha256(identity(encoder).encode()).hexdigest()[:16]
