"""A training's whole state in one safetensors file, from which a killed run goes on."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from pipeline.files import whole_file

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # AdamW's state per parameter

Weights = dict[str, Tensor]


def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: Optimizer,
    others: Mapping[str, Weights],
    metadata: dict[str, str],
) -> None:
    """Write the state; a killed process leaves the previous one whole.

    others: further tensors, by part and name.
    """
    tensors = {f"model.{name}": x for name, x in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": state[name] for name in _MOMENTS}
    for part, values in others.items():
        tensors |= {f"{part}.{name}": x for name, x in values.items()}
    with whole_file(path) as temporary:
        save_file({name: x.contiguous() for name, x in tensors.items()}, temporary, metadata)


def read_metadata(path: Path) -> dict[str, str]:
    """What the state was saved with."""
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def load_checkpoint(
    path: Path, model: nn.Module, optimizer: Optimizer, others: tuple[str, ...]
) -> list[Weights]:
    """Restore model and optimiser; returns the tensors of the other parts, in their order."""
    tensors = load_file(path)
    model.load_state_dict(_part(tensors, "model."))
    state: dict[int, Weights] = {}
    for name, x in _part(tensors, "optimizer.").items():
        index, moment = name.split(".")
        state.setdefault(int(index), {})[moment] = x
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return [_part(tensors, f"{part}.") for part in others]


def _part(tensors: Weights, prefix: str) -> Weights:
    return {name[len(prefix) :]: x for name, x in tensors.items() if name.startswith(prefix)}
