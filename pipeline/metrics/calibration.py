"""How far the probability of the predicted class can be believed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.metrics.f1 import Classes


@dataclass(frozen=True)
class Reliability:
    """n predictions by confidence, in bins of equal width from 0 to 1.

    count: pairs per bin. confidence, accuracy: means per bin, 0 where it is empty.
    """

    count: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error (Guo et al., ICML 2017, Eq. 3), from 0 to 1."""
        gaps = np.abs(self.confidence - self.accuracy)
        return float(self.count @ gaps / self.count.sum())


def reliability(gold: Classes, probabilities: npt.NDArray[np.float32], bins: int) -> Reliability:
    """Compare confidence with accuracy, for classes (n,) and probabilities (n, C)."""
    confidence = probabilities.max(1).astype(np.float64)
    hit = probabilities.argmax(1) == gold
    # A bin holds its upper edge, as in the paper: (0, 1/M], (1/M, 2/M], ...
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    filled = np.maximum(count, 1)
    return Reliability(
        count=count,
        confidence=np.bincount(place, weights=confidence, minlength=bins) / filled,
        accuracy=np.bincount(place, weights=hit, minlength=bins) / filled,
    )
