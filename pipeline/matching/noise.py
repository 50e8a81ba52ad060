"""Wrong pairs on purpose: which picture each train caption is given in place of its own."""

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import UserError
from pipeline.matching.params import NoiseParams

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NoiseReport:
    """What was drawn: the rate asked for, what it came to, and the sha256 of the index."""

    protocol: str
    rate: float
    seed: int
    captions: int
    wrong: int
    realised_rate: float
    sha256: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def pair_with_noise(image_of: Rows, images: int, params: NoiseParams) -> Rows:
    """The picture that each train caption is trained with, (n,).

    ncr: of the captions, `rate` are chosen and their pictures shuffled among them; a caption that
    gets its own again is right. decl: of the pictures, `rate` are chosen and shuffled, so that all
    captions of a picture go wrong together. A file in either form, of one number per caption or
    per picture as published codes keep them, is taken as it is.

    Args:
        image_of: (n,) the picture that each caption belongs to. images: their number.

    Raises:
        UserError: the file is no such index.
    """
    if params.file is not None:
        return _read_index(Path(params.file), image_of, images)
    rng = np.random.default_rng(params.seed)
    if params.protocol == "decl":
        return _shuffled(np.arange(images), params.rate, rng)[image_of]
    return _shuffled(image_of, params.rate, rng)


def describe(image_of: Rows, given: Rows, params: NoiseParams) -> NoiseReport:
    """What `pair_with_noise` did."""
    wrong = int((image_of != given).sum())
    digest = sha256(given.astype("<i8").tobytes()).hexdigest()
    rate = wrong / max(len(given), 1)
    return NoiseReport(
        params.protocol, params.rate, params.seed, len(given), wrong, round(rate, 6), digest
    )


def _shuffled(values: Rows, rate: float, rng: np.random.Generator) -> Rows:
    chosen = rng.permutation(len(values))[: int(rate * len(values))]
    shuffled = values.copy()
    shuffled[chosen] = values[rng.permutation(chosen)]
    return shuffled


def _read_index(path: Path, image_of: Rows, images: int) -> Rows:
    try:
        index = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f"noise.file = {path} cannot be read: {error}") from None
    if index.shape not in {(len(image_of),), (images,)} or index.dtype.kind not in "iu":
        raise UserError(
            f"{path} holds {index.dtype} of shape {index.shape}; expected an integer for each of"
            f" {len(image_of)} captions or {images} pictures"
        )
    if len(index) and not 0 <= index.min() <= index.max() < images:
        raise UserError(
            f"{path} has pictures {index.min()} to {index.max()}; there are 0 to {images - 1}"
        )
    found: Rows = index.astype(np.int64)
    return found if len(found) == len(image_of) else found[image_of]
