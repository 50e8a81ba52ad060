"""Checkpoints of detectron2: .pkl of its model zoo, .pth of its trainer."""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.encoders.trunks.weights import fetch_url, read_weights
from pipeline.errors import UserError
from pipeline.finite import require_finite_weights

_REBUILD_ARRAY: Any = np.empty(0).__reduce__()[0]
# All that a zoo file needs; any other name in a pickle could run code.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _REBUILD_ARRAY,
    ("numpy._core.multiarray", "_reconstruct"): _REBUILD_ARRAY,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("collections", "OrderedDict"): OrderedDict,
    # Bytes in files that Python 2 can read too.
    ("_codecs", "encode"): lambda text, _: text.encode("latin1"),
}


class _ArraysOnly(pickle._Unpickler):
    # Not the reader in C, which takes as much memory for its memo as the file says.

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, not arrays alone") from None


def fetch_zoo_weights(name: str) -> Path:
    """The local copy of the weights that the model zoo publishes for a configuration.

    Raises:
        UserError: there are none, or they cannot be downloaded.
    """
    # Only here: the zoo's own module needs pkg_resources, which new versions of setuptools lack.
    from detectron2.model_zoo import get_checkpoint_url

    try:
        url: str = get_checkpoint_url(name)
    except RuntimeError:
        raise UserError(
            f"detectron2 publishes no weights for {name}; name a file or an address in"
            " regions.weights"
        ) from None
    return fetch_url(url)


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Tensors by name, from .pkl, .pth or .safetensors.

    Raises:
        UserError: it is no such file, or holds anything but tensors.
    """
    if path.suffix != ".pkl":
        return read_weights(path)
    try:
        with path.open("rb") as file:
            found = _ArraysOnly(file, encoding="latin1").load()
        arrays = found.get("model", found)
        if sum(array.nbytes for array in arrays.values()) > path.stat().st_size:
            raise ValueError("its arrays are greater than the file")
        return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    except Exception as error:  # a damaged pickle may raise anything
        raise UserError(f"weights {path} cannot be read: {error or type(error).__name__}") from None


def load_checkpoint(model: nn.Module, path: Path) -> None:
    """Load a model's weights; tensors that it lacks, such as those of a mask head, are ignored.

    Raises:
        UserError: the file lacks tensors, or they have other shapes or are not finite.
    """
    found = read_checkpoint(path)
    wanted = model.state_dict()
    if missing := sorted(wanted.keys() - found.keys()):
        raise UserError(
            f"weights {path} lack {len(missing)} of {len(wanted)} tensors, first {missing[0]};"
            " are they of this configuration, and of the whole detector?"
        )
    weights = {name: found[name] for name in wanted}
    require_finite_weights(path, weights)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"weights {path} do not fit the configuration: {error}") from None
