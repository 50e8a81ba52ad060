"""Weights files: downloaded, checked, and read without unpickling."""

import re
import sys
from hashlib import sha256
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.errors import UserError, first_line
from pipeline.files import file_hash
from pipeline.finite import require_finite_weights


def file_sha256(path: Path) -> str:
    """The sha256 of a weights file, in hex.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        return file_hash(path)
    except OSError as error:
        raise UserError(f"weights {path} cannot be read: {error.strerror}") from None


def fetch(url: str) -> Path:
    """The local copy, in PyTorch's cache, of a weights file that torchvision publishes.

    Its name ends in the first eight digits of its sha256, against which download and copy are
    checked.

    Raises:
        UserError: it cannot be downloaded, or the copy is another file.
    """
    name = url.rpartition("/")[2]
    digest = Path(name).stem.rpartition("-")[2]
    path = _cached(name)
    if not path.exists():
        _download(url, path, digest)
    found = file_sha256(path)
    if not found.startswith(digest):
        raise UserError(f"{path}: sha256 is {found}, but should begin with {digest}; delete it")
    return path


def find_weights(named: str) -> Path:
    """The local file of a `weights` parameter: a path or a URL, maybe with `#sha256=<hex>`.

    A URL is downloaded unless PyTorch's cache has it.

    Raises:
        UserError: it cannot be downloaded or read, or its sha256 is another one.
    """
    place, pinned, digest = named.partition("#sha256=")
    if pinned and not re.fullmatch("[0-9a-f]{64}", digest):
        raise UserError(f"weights {named}: sha256 must be 64 hex digits in lower case")
    path = fetch_url(place) if place.startswith(("https://", "http://")) else Path(place)
    if pinned and (found := file_sha256(path)) != digest:
        raise UserError(f"weights {path}: sha256 is {found}, expected {digest}")
    return path


def fetch_url(url: str) -> Path:
    """The local copy, in PyTorch's cache, of the file at a URL.

    Raises:
        UserError: it cannot be downloaded.
    """
    name = url.rpartition("/")[2].partition("?")[0]
    # Many URLs end in model_final.pkl.
    path = _cached(f"{sha256(url.encode()).hexdigest()[:8]}-{name}")
    if not path.exists():
        _download(url, path)
        print(f"to pin this file: {url}#sha256={file_sha256(path)}", file=sys.stderr)
    return path


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name, from .safetensors or a state dict of `torch.save`, maybe under "model".

    Raises:
        UserError: it is neither, or has anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes PyTorch raise anything
        raise UserError(f"weights {path} cannot be read: {first_line(error)}") from None
    if isinstance(weights, dict) and isinstance(weights.get("model"), dict):
        weights = weights["model"]  # beside a trainer's state
    if not isinstance(weights, dict) or not all(isinstance(x, Tensor) for x in weights.values()):
        raise UserError(f"weights {path}: expected a state dict, tensors by name")
    return weights


def load_weights(model: nn.Module, path: Path) -> None:
    """Load a model's weights from a file.

    Raises:
        UserError: the file cannot be read, has values that are not finite, or names or shapes do
            not fit the model.
    """
    weights = read_weights(path)
    require_finite_weights(path, weights)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"weights {path} do not fit {type(model).__name__}: {error}") from None


def _cached(name: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / name


def _download(url: str, path: Path, digest: str | None = None) -> None:
    print(f"downloading {url} to {path}", file=sys.stderr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=digest)
    except (URLError, OSError, RuntimeError) as error:
        raise UserError(
            f"cannot download the weights ({first_line(error)}). Download {url} on a machine with"
            f" network access and put it at {path}, or below data/pretrained and name that file in"
            " params.yaml (weights)"
        ) from None
