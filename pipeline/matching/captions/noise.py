"""Synthetic noise: train captions that are paired with another image than their own."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.core.arrays import read_npy
from pipeline.errors import UserError
from pipeline.params.matching import NoiseParams

Rows = npt.NDArray[np.int64]


def pair_with_noise(image_of: Rows, images: int, params: NoiseParams) -> Rows:
    """The image that each train caption is trained with, (n,).

    ncr: the images of a fraction `rate` of the captions are shuffled among them; a caption that
    gets its own image again is right. decl: a fraction `rate` of the images is shuffled, so that
    all captions of an image go wrong together. A file, as published code has them, holds an image
    per caption or per image, and is used as it is.

    Args:
        image_of: (n,) the image that each caption belongs to. images: their number.

    Raises:
        UserError: the file is not such an index.
    """
    if params.file is not None:
        return _read_index(Path(params.file), image_of, images)
    rng = np.random.default_rng(params.seed)
    if params.protocol == "decl":
        return _shuffled(np.arange(images), params.rate, rng)[image_of]
    return _shuffled(image_of, params.rate, rng)


def noise_report(image_of: Rows, images: int, given: Rows, params: NoiseParams) -> dict[str, Any]:
    """Where the noise is from, its realised rate, and the sha256 of the index.

    Of a drawn index: protocol, rate and seed. Of a file, what it shows: the protocol, which is decl
    if no image's captions are parted.
    """
    wrong = int((image_of != given).sum())
    if params.file is None:
        origin = params.model_dump(include={"protocol", "rate", "seed"})
    else:
        origin = {"file": params.file, "protocol": _protocol_of(image_of, images, given)}
    return {
        **origin,
        "captions": len(given),
        "wrong": wrong,
        "realised_rate": round(wrong / max(len(given), 1), 6),
        "sha256": sha256(given.astype("<i8").tobytes()).hexdigest(),
    }


def _protocol_of(image_of: Rows, images: int, given: Rows) -> str:
    together = np.zeros(images, np.int64)
    together[image_of] = given
    return "decl" if (together[image_of] == given).all() else "ncr"


def _shuffled(values: Rows, rate: float, rng: np.random.Generator) -> Rows:
    chosen = rng.permutation(len(values))[: int(rate * len(values))]
    shuffled = values.copy()
    shuffled[chosen] = values[rng.permutation(chosen)]
    return shuffled


def _read_index(path: Path, image_of: Rows, images: int) -> Rows:
    index = read_npy(path, "noise.file")
    if index.shape not in {(len(image_of),), (images,)} or index.dtype.kind not in "iu":
        raise UserError(
            f"{path} holds {index.dtype} of shape {index.shape}; expected an integer for each of"
            f" {len(image_of)} captions or {images} images"
        )
    if len(index) and not 0 <= index.min() <= index.max() < images:
        raise UserError(
            f"{path} has images {index.min()} to {index.max()}; there are 0 to {images - 1}"
        )
    found: Rows = index.astype(np.int64)
    return found if len(found) == len(image_of) else found[image_of]
