"""A model's output for single pairs: class probabilities and attention maps.

Without PyTorch, since the report, which only reads them, starts twice as fast without.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import not_made
from pipeline.files import write_text

Floats = npt.NDArray[np.float32]

_DIGITS = 6


@dataclass(frozen=True)
class AttentionMaps:
    """The alignment net's attention for one pair, regions in the order of the feature file.

    A_v2t: (L, K), for each word, its weights over the regions; with `model.scenes` they add up to
    less than one, as the scene's places, which have no boxes, are left out. A_t2v: (K, L), for each
    region, its weights over the words. t_bar (L,) and v_bar (K,): cosine of each word and of each
    region with its reconstruction from the other side (Eq. 15 and 16).
    """

    A_v2t: Floats
    A_t2v: Floats
    t_bar: Floats
    v_bar: Floats

    def strongest(self) -> npt.NDArray[np.int64]:
        """The region with each word's largest weight, (L,)."""
        regions: npt.NDArray[np.int64] = self.A_v2t.argmax(1)
        return regions


@dataclass(frozen=True)
class PairOutput:
    """A model's output for one pair.

    probabilities: (C,). streams: name of a stream -> its own probabilities (C,). attention: None
    for a model without an alignment net.
    """

    probabilities: Floats
    streams: dict[str, Floats]
    attention: AttentionMaps | None

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())


def write_pair_outputs(path: Path, outputs: Mapping[str, PairOutput]) -> None:
    """Write a JSON object: each pair's output by its id.

    Raises:
        UserError: the file cannot be written.
    """
    text = json.dumps({pair: _plain(asdict(one)) for pair, one in outputs.items()})
    write_text(path, text + "\n")


def read_pair_outputs(path: Path) -> dict[str, PairOutput]:
    """What `write_pair_outputs` wrote, to six digits.

    Raises:
        UserError: there is no such file.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise not_made(path) from None
    return {pair: _pair_output(**value) for pair, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return None if value is None else np.round(value.astype(np.float64), _DIGITS).tolist()


def _pair_output(probabilities: Any, streams: Any, attention: Any) -> PairOutput:
    maps = attention and {name: np.array(v, np.float32) for name, v in attention.items()}
    return PairOutput(
        np.array(probabilities, np.float32),
        {name: np.array(stream, np.float32) for name, stream in streams.items()},
        AttentionMaps(**maps) if maps else None,
    )
