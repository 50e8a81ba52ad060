"""A model as a folder: what it is built from, its weights, how its inputs were made."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import torch
from pydantic_core import to_json
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pipeline.errors import UserError
from pipeline.files import Fingerprint, digest, whole_file
from pipeline.finite import require_finite_weights
from pipeline.models.sums import require_sums, write_sums
from pipeline.params.base import Section
from pipeline.params.formats import numbered, read_settings
from pipeline.params.project import BertParams, GloveParams, Params, RegionParams, SceneParams

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
ENCODERS_FILE = "encoders.json"
_FILES = (CONFIG_FILE, ENCODERS_FILE, WEIGHTS_FILE)

# Fingerprint keys that change values by rounding only.
_ROUNDING = {
    "batch_size",
    "arithmetic",
    "attention",
    "pillow",
    "torch",
    "torchvision",
    "transformers",
    "tokenizers",
}
_SHOWN = 5

ConfigT = TypeVar("ConfigT", bound=Section)
ModelT = TypeVar("ModelT", bound=nn.Module)


def save_model(folder: Path, model: nn.Module, config: Section) -> None:
    """Write config.json, model.safetensors, and the sha256 of all files, each atomically.

    Raises:
        UserError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / CONFIG_FILE) as temporary:
        temporary.write_bytes(to_json(numbered(config), indent=2) + b"\n")
    with whole_file(folder / WEIGHTS_FILE) as temporary:
        weights = {name: x.contiguous() for name, x in model.state_dict().items()}
        temporary.write_bytes(save(weights))
    write_sums(folder, _FILES)


def load_model(folder: Path, config: type[ConfigT], build: Callable[[ConfigT], ModelT]) -> ModelT:
    """The model that `save_model` wrote, in evaluation mode on the CPU.

    Raises:
        UserError: a file is missing, damaged, of a newer format or another than SHA256SUMS says,
            or the weights are not finite or do not fit the config.
    """
    require_sums(folder, (CONFIG_FILE, WEIGHTS_FILE))
    settings = read_settings(config, folder / CONFIG_FILE)
    weights = _read_weights(folder / WEIGHTS_FILE)
    try:
        # Without values first: a config may ask for more memory than there is.
        with torch.device("meta"):
            build(settings).load_state_dict(weights, assign=True)
        model = build(settings)
        model.load_state_dict(weights)
    except (RuntimeError, OverflowError, TypeError) as error:  # sizes beyond 64 bits
        reason = f"weights do not fit {CONFIG_FILE}: {error}"
        raise UserError(f"{folder}: {reason}") from None
    return model.eval()


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        weights: dict[str, Tensor] = load_file(path)
    except FileNotFoundError:
        raise UserError(f"{path} not found") from None
    except SafetensorError as error:
        raise UserError(f"{path} is damaged: {error}") from None
    require_finite_weights(path, weights)
    return weights


class EncoderSettings(Section):
    """How a model's inputs were made; saved beside it as encoders.json.

    fingerprints: feature file name -> all that decides the values of its rows. The sections are
    those of params.yaml; local paths in them must exist wherever the model is used.
    """

    regions: RegionParams
    glove: GloveParams
    fingerprints: dict[str, Fingerprint]

    def save(self, folder: Path) -> None:
        """Write encoders.json into a model's folder.

        Call it before `save_model`, which writes the sha256 of all files.

        Raises:
            UserError: the file cannot be written.
        """
        text = json.dumps(numbered(self), indent=2, sort_keys=True)
        with whole_file(folder / ENCODERS_FILE) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, digests: Mapping[str, str] | None = None) -> Self:
        """Read encoders.json from a model's folder.

        digests: feature file name -> sha256 of its fingerprint, as the model's config.json has it.

        Raises:
            UserError: the file is missing, damaged, of a newer format or another than SHA256SUMS
                says, or has other digests.
        """
        require_sums(folder, (ENCODERS_FILE,))
        settings = read_settings(cls, folder / ENCODERS_FILE)
        found = digests_of(settings.fingerprints)
        if digests is not None and found != digests:
            raise UserError(
                f"{folder}: encoders.json has the fingerprints {found}, but config.json says"
                f" {digests}; these files do not belong together"
            )
        return settings

    def require_agreement(self, file: str, found: Fingerprint, allow_rounding: bool) -> None:
        """Check that an encoder is the one that a feature file was made with in training.

        allow_rounding: accept another device and other library versions.

        Raises:
            UserError: the fingerprints differ; names the first differences.
        """
        trained = self.fingerprints[file]
        different = dict(_differences(trained, found))
        if allow_rounding:
            different = {k: v for k, v in different.items() if not _ROUNDING & set(k.split("."))}
        if different:
            raise UserError(_refusal(file, trained, found, different))


class AnANetEncoders(EncoderSettings):
    """How AnANet's inputs were made."""

    tokenizer: Literal["glove_ruby", "glove_fixed", "plain", "cased"]
    bert: BertParams
    scenes: SceneParams

    @classmethod
    def of(cls, params: Params, fingerprints: dict[str, Fingerprint]) -> Self:
        return cls(
            tokenizer=params.prepare.tokenizer,
            regions=params.regions,
            glove=params.glove,
            bert=params.bert,
            scenes=params.scenes,
            fingerprints=fingerprints,
        )


def digests_of(fingerprints: Mapping[str, Fingerprint]) -> dict[str, str]:
    """Feature file name -> sha256 of its fingerprint."""
    return {name: digest(fingerprint) for name, fingerprint in fingerprints.items()}


def _differences(one: Any, other: Any, key: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield (dotted key, both values) of every leaf in which two fingerprints differ."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in sorted(one.keys() | other.keys()):
            inner = f"{key}.{name}" if key else name
            yield from _differences(one.get(name), other.get(name), inner)
    elif one != other:
        yield key, (one, other)


def _refusal(
    file: str, trained: Fingerprint, found: Fingerprint, different: Mapping[str, tuple[Any, Any]]
) -> str:
    lines = [f"  {key}: {one!r}, here {here!r}" for key, (one, here) in different.items()]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"  and {len(lines) - _SHOWN} more"]
    advice = "use the same encoder, or train again"
    if all(_ROUNDING & set(key.split(".")) for key in different):
        advice += "; or, as only device and library versions differ, allow rounding"
    head = (
        f"the model was trained with {file} of encoder {digest(trained)}, but the encoder at hand"
        f" is {digest(found)}. In training:"
    )
    return "\n".join([head, *lines, advice])
