"""The files of CLIP's embeddings, read back; needs no model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.features.store import Array, Features, contents, open_store


@dataclass(frozen=True)
class ClipImageFeatures(Features):
    """images.h5: the embedding of each picture.

    vectors: (n, D) f2 of length 1, zero where status is not OK. status: (n,) u1, see STATUS_CODES.
    """

    vectors: Array
    status: Array

    @classmethod
    def read(cls, path: Path) -> Self:
        with open_store(path) as file:
            return cls(**contents(path, file, ("vectors", "status")))


@dataclass(frozen=True)
class ClipTextFeatures(Features):
    """texts.h5: the embedding of each text.

    vectors: (n, D) f2 of length 1. cut: (n,) bool, true for a text longer than the model's limit.
    """

    vectors: Array
    cut: Array

    @classmethod
    def read(cls, path: Path) -> Self:
        with open_store(path) as file:
            return cls(**contents(path, file, ("vectors", "cut")))
