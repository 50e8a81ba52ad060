"""Refuses values that are not finite, which would pass as results."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from pipeline.errors import UserError


def require_finite_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Check the tensors that came from `path`.

    Raises:
        UserError: names the first that has NaN or infinity.
    """
    for name, x in weights.items():
        if x.is_floating_point() and not _is_finite(x):
            raise UserError(f"{path} is damaged: {name} has values that are not finite")


def _is_finite(x: Tensor) -> bool:
    """A twentieth of the time of `x.isfinite().all()`; NaN passes through `aminmax`."""
    return x.numel() == 0 or all(bound.isfinite() for bound in x.aminmax())


def require_finite_outputs(outputs: npt.NDArray[np.float32], ids: Sequence[str]) -> None:
    """Check what a model gave for each pair or post, (n, ...).

    Raises:
        UserError: names the first that has NaN or infinity.
    """
    rows = np.isfinite(outputs).reshape(len(ids), -1).all(1)
    if not rows.all():
        first = ids[int(rows.argmin())]
        raise UserError(
            f"the model's output for {first!r} is not finite (as for {(~rows).sum():,} of"
            f" {len(ids):,}); its weights or the features are damaged or far too large"
        )
