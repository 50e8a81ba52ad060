"""Predicts keywords of images from their visual features.

The tagger is a ridge regression from the mean vector of an image to its keywords, fitted on the
train split. Train images are tagged out of fold: with keywords from their own captions, search
would learn to trust keywords more than those of new images deserve.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.finite import require_finite_weights

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_SEED = 0


@dataclass(frozen=True)
class Tagger:
    """Scores of V keywords for an image's mean vector x (D,): ((x - mean) / spread) W + b."""

    mean: Floats  # (D,)
    spread: Floats  # (D,)
    W: Floats  # (D, V)
    b: Floats  # (V,)

    @classmethod
    def fit(cls, x: Floats, y: Floats, ridge: float) -> Self:
        """Fit to mean vectors (m, D) and keyword indicators (m, V)."""
        mean, spread = x.mean(0), x.std(0)
        spread = np.where(spread > 0, spread, 1).astype(np.float32)
        # One thread, so that the sums do not depend on the number of cores.
        with threadpool_limits(1):
            model = Ridge(alpha=ridge * len(x)).fit((x - mean) / spread, y)
        weights = np.ascontiguousarray(np.atleast_2d(model.coef_).T, np.float32)
        return cls(mean, spread, weights, np.atleast_1d(model.intercept_).astype(np.float32))

    def tag(self, x: Floats, count: int) -> Ints:
        """The `count` highest-scoring keywords of each image, best first (m, count)."""
        with threadpool_limits(1):
            scores = ((x - self.mean) / self.spread) @ self.W + self.b
        return np.argsort(-scores, axis=1, kind="stable")[:, :count]

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        with whole_file(path) as temporary:
            temporary.write_bytes(save(vars(self)))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file that `save` wrote.

        Raises:
            UserError: it is missing or damaged.
        """
        try:
            tagger = cls(**load_file(path))
        except (OSError, SafetensorError, TypeError) as error:
            raise UserError(f"{path} is no tagger: {error}") from None
        require_finite_weights(
            path, {name: torch.from_numpy(x) for name, x in vars(tagger).items()}
        )
        return tagger


def tags_out_of_fold(x: Floats, y: Floats, ridge: float, folds: int, count: int) -> Ints:
    """Tag each image (m, D) by a tagger of the other folds' images, (m, count)."""
    tags = np.zeros((len(x), min(count, y.shape[1])), np.int64)
    for train, held in KFold(folds, shuffle=True, random_state=_SEED).split(x):
        tags[held] = Tagger.fit(x[train], y[train], ridge).tag(x[held], count)
    return tags


def tag_quality(tags: Ints, y: Floats) -> tuple[float, float]:
    """Precision and recall of tags (m, count) against keyword indicators (m, V)."""
    hits = float(np.take_along_axis(y, tags, 1).sum())
    return hits / max(tags.size, 1), hits / max(float(y.sum()), 1)
