"""Whether an encoder at hand is the one that a model was trained with."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.errors import UserError
from pipeline.training.encoders import Fingerprint, digest

# What may differ without another model, picture size or choice of regions being at work.
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


def require_agreement(
    file: str, trained: Fingerprint, found: Fingerprint, allow_rounding: bool
) -> None:
    """Stop unless two fingerprints of a feature file are the same.

    allow_rounding: accept another device and other library versions.

    Raises:
        UserError: they differ; names the first differences.
    """
    different = dict(_differences(trained, found))
    if allow_rounding:
        different = {k: v for k, v in different.items() if not _ROUNDING & set(k.split("."))}
    if different:
        raise UserError(_refusal(file, trained, found, different))


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
