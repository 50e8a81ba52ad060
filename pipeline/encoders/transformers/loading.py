"""Finds and loads pretrained transformers, from a folder or the hub at a commit."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
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
from pipeline.errors import UserError, first_line
from pipeline.files import file_hash
from pipeline.finite import require_finite_weights

# Everything that determines a row's values, without pickled weights.
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
IMAGE_FILES = ("preprocessor_config.json", "processor_config.json")
# What transformers raises for a folder; a tokenizer's missing library is an ImportError.
_UNLOADABLE = (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError, SafetensorError)
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def find_folder(model: str, revision: str | None, section: str, needed: Sequence[str]) -> Path:
    """The folder of a local model, or of a hub id at a revision.

    A hub id is downloaded unless the hub's local cache has it.

    section: of params, for messages. needed: files that a download by hand needs beside
    settings and weights, for messages.

    Raises:
        UserError: there is no such model, or a hub id comes without a commit.
    """
    if Path(model).is_dir():
        refuse_revision(model, revision, section)
        return checked_folder(Path(model))
    return checked_folder(_from_hub(model, revision, section, needed))


def refuse_revision(model: str, revision: str | None, section: str) -> None:
    """Check that a local model comes without a revision.

    Raises:
        UserError: it has one.
    """
    if revision is not None:
        raise UserError(
            f"{section}.revision = {revision!r} is for a model of the hub;"
            f" {section}.model = {model!r} is local, so leave it empty"
        )


def checked_folder(folder: Path) -> Path:
    """The folder itself, if it has settings and safetensors weights.

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
    """The sha256 of each file that matches a pattern, by name."""
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    return {path.name: file_hash(path) for path in sorted(found)}


def load_model(folder: Path, unused: str | None = None) -> nn.Module:
    """The frozen model of a folder, float32, in evaluation mode.

    unused: part of the names of tensors that may be missing, since no row depends on them.

    Raises:
        UserError: the folder has no such model, or tensors are missing or not finite.
    """
    model, report = load_part(
        AutoModel,
        folder,
        "a model",
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    # transformers would initialise them at random.
    missing = sorted(key for key in report["missing_keys"] if not unused or unused not in key)
    if missing:
        raise UserError(f"{folder}: the weights lack {len(missing)} tensors, first {missing[0]}")
    require_finite_weights(folder, model.state_dict())
    module: nn.Module = model.eval().requires_grad_(False)
    return module


def load_part(kind: Any, folder: Path, title: str, **settings: Any) -> Any:
    """Load a folder with one of transformers' Auto classes, never running the folder's own code.

    title: what the folder should have, for messages.

    Raises:
        UserError: it cannot be loaded, or not without Python code of its own.
    """
    try:
        return kind.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, **settings
        )
    except _UNLOADABLE as error:
        reason = str(error)
    if "trust_remote_code" in reason:  # transformers suggests setting it
        reason = (
            "it needs Python code of its own, which is never run;"
            f" allowed: what transformers {version('transformers')} knows"
        )
    raise UserError(f"{folder} cannot be loaded as {title}: {reason}")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence transformers' progress bars and logs; what matters in them is checked here."""
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
    with suppress(LocalEntryNotFoundError):
        return _snapshot(model, revision, local=True)
    try:
        return _snapshot(model, revision, local=False)
    except (OSError, HfHubHTTPError, ValueError) as error:
        folder = paths.PRETRAINED / section.partition(".")[0] / model.rpartition("/")[2]
        raise UserError(
            f"{model} at {revision} cannot be downloaded ({first_line(error)}). Download its"
            f" {', '.join((*MODEL_FILES[:2], *needed))} elsewhere, put them into {folder}"
            f" and set {section}.model: {folder} ({section}.revision empty)"
        ) from None


def _snapshot(model: str, revision: str, local: bool) -> Path:
    patterns = [*MODEL_FILES, *TOKENIZER_FILES, *IMAGE_FILES]
    folder = Path(
        snapshot_download(model, revision=revision, allow_patterns=patterns, local_files_only=local)
    )
    # Another program may have downloaded only a part.
    if local and not any(folder.glob("*.safetensors")):
        raise LocalEntryNotFoundError(f"{folder} holds no weights")
    return folder
