"""Pretrained transformers: where their files lie, and how they are loaded whole and quietly."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModel
from transformers.utils import logging as transformers_logging

from pipeline import paths
from pipeline.errors import UserError
from pipeline.files import file_hash

# Everything that decides a row's values; no pickled weights among it.
MODEL_FILES = ("config.json", "*.safetensors", "*.safetensors.index.json")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "bpe.codes",
    "*.model",
)
PICTURE_FILES = ("preprocessor_config.json", "processor_config.json")
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def find_folder(model: str, revision: str | None, section: str, needed: Sequence[str]) -> Path:
    """The folder of a local model, or of a hub id at a revision.

    Only a hub id that is not in the hub's local cache causes a download.

    Args:
        section: of the parameters, which errors name.
        needed: files beside settings and weights that a user who downloads by hand must bring.

    Raises:
        UserError: there is no such model, or a hub id comes without a commit.
    """
    if Path(model).is_dir():
        refuse_revision(model, revision, section)
        return checked_folder(Path(model))
    return checked_folder(_from_hub(model, revision, section, needed))


def refuse_revision(model: str, revision: str | None, section: str) -> None:
    """Stop where a local model comes with a commit of the hub.

    Raises:
        UserError: it does.
    """
    if revision is not None:
        raise UserError(
            f"{section}.revision = {revision!r} is for a model of the hub;"
            f" {section}.model = {model!r} is local, so leave it empty"
        )


def checked_folder(folder: Path) -> Path:
    """The folder itself, if it holds settings and safetensors weights.

    Raises:
        UserError: it does not.
    """
    if not (folder / "config.json").is_file():
        raise UserError(f"{folder} is no transformers model: it has no config.json")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"{folder} holds no .safetensors weights, and pickled ones are not read; convert them:"
            " AutoModel.from_pretrained(folder).save_pretrained(folder)"
        )
    return folder


def file_digests(folder: Path, patterns: Sequence[str]) -> dict[str, str]:
    """sha256 by name of the files that decide a row's values."""
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    return {path.name: file_hash(path) for path in sorted(found)}


def load_model(folder: Path, unused: str | None = None) -> nn.Module:
    """The frozen model of a folder, float32, in evaluation mode.

    unused: part of the names of tensors that may be missing, since no row is computed from them.

    Raises:
        UserError: the folder holds no such model, or not all of it.
    """
    try:
        model, report = AutoModel.from_pretrained(
            folder,
            use_safetensors=True,
            local_files_only=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise UserError(f"{folder} cannot be loaded as a model: {error}") from None
    # transformers would go on with random values.
    missing = sorted(key for key in report["missing_keys"] if not unused or unused not in key)
    if missing:
        raise UserError(f"{folder}: the weights lack {len(missing)} tensors, first {missing[0]}")
    module: nn.Module = model.eval().requires_grad_(False)
    return module


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' own bars and notes; what matters in them is checked here."""
    notes: Any = transformers_logging
    level = notes.get_verbosity()
    notes.set_verbosity(logging.ERROR)
    bars = notes.is_progress_bar_enabled()
    notes.disable_progress_bar()
    try:
        yield
    finally:
        notes.set_verbosity(level)
        if bars:
            notes.enable_progress_bar()


def _from_hub(model: str, revision: str | None, section: str, needed: Sequence[str]) -> Path:
    if not _HUB_ID.fullmatch(model):
        raise UserError(
            f"{section}.model = {model!r}: no such folder, and no hub id (owner/name);"
            " allowed: a local folder, a hub id"
        )
    if revision is None or not _COMMIT.fullmatch(revision):
        raise UserError(
            f"{section}.revision = {revision!r}: a model of the hub ({model}) can change, so name"
            " the commit, 40 hex digits (on the hub under Files and versions)"
        )
    try:
        return _snapshot(model, revision, local=True)
    except LocalEntryNotFoundError:
        pass
    try:
        return _snapshot(model, revision, local=False)
    except (OSError, HfHubHTTPError, ValueError) as error:
        folder = paths.PRETRAINED / model.rpartition("/")[2]
        raise UserError(
            f"{model} at {revision} cannot be downloaded ({_first_line(error)}). Download its"
            f" {', '.join((*MODEL_FILES[:2], *needed))} elsewhere, put them into {folder}"
            f" and set {section}.model: {folder} ({section}.revision empty)"
        ) from None


def _snapshot(model: str, revision: str, local: bool) -> Path:
    patterns = [*MODEL_FILES, *TOKENIZER_FILES, *PICTURE_FILES]
    folder = Path(
        snapshot_download(model, revision=revision, allow_patterns=patterns, local_files_only=local)
    )
    # Another program may have fetched a part of it only.
    if local and not any(folder.glob("*.safetensors")):
        raise LocalEntryNotFoundError(f"{folder} holds no weights")
    return folder


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
