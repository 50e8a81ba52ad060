"""The training state in one safetensors file, and the weights that are shipped."""

import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.optim import Optimizer

from pipeline.encoders.detectors.lite import FasterRCNNLite
from pipeline.files import whole_file

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # AdamW's state per parameter


def save_checkpoint(
    path: Path, model: nn.Module, average: nn.Module, optimizer: Optimizer, metadata: dict[str, str]
) -> None:
    """Write atomically: a killed process leaves the previous checkpoint whole.

    Raises:
        UserError: the disk does not take it.
    """
    tensors = {f"model.{name}": x for name, x in model.state_dict().items()}
    tensors |= {f"average.{name}": x for name, x in average.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": state[name] for name in _MOMENTS}
    _write(path, tensors, metadata)


def load_checkpoint(
    path: Path, model: nn.Module, average: nn.Module, optimizer: Optimizer
) -> dict[str, str]:
    """Restore the state into the given objects and return the metadata saved with it."""
    tensors = load_file(path)
    model.load_state_dict(_part(tensors, "model."))
    average.load_state_dict(_part(tensors, "average."))
    state: dict[int, dict[str, Tensor]] = {}
    for name, x in _part(tensors, "optimizer.").items():
        index, moment = name.split(".")
        state.setdefault(int(index), {})[moment] = x
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def save_weights(path: Path, model: FasterRCNNLite) -> None:
    """Write what `read_lite` reads: float16 tensors and the class names.

    Raises:
        UserError: the disk does not take it.
    """
    tensors = {name: x.half() for name, x in model.state_dict().items()}
    _write(path, tensors, {"classes": json.dumps(model.classes)})


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}


def _write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    with whole_file(path) as temporary:
        temporary.write_bytes(save({name: x.contiguous() for name, x in tensors.items()}, metadata))
