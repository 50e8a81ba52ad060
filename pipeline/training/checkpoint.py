"""A training's whole state in one safetensors file, from which a killed run resumes."""

import json
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from pipeline.errors import UserError, first_line
from pipeline.files import whole_file
from pipeline.finite import require_finite_weights
from pipeline.processes import ProcessGroup
from pipeline.training.task import Best, Progress, Task

Weights = dict[str, Tensor]

# Of the file and of what tasks keep in it; a file of another format is not loaded.
_FORMAT = "2"


@dataclass(frozen=True)
class Checkpoint:
    """A training's checkpoint file.

    identity: everything that affects the result; a file with another identity is not loaded.
    """

    path: Path
    identity: str

    def save(self, task: Task, progress: Progress) -> None:
        """Write the state; a killed process leaves the previous one intact.

        Raises:
            UserError: the file cannot be written.
        """
        tensors = _tensors(task, progress.best.weights)
        metadata = {
            "format": _FORMAT,
            "identity": self.identity,
            "best": json.dumps([progress.best.epoch, progress.best.score]),
            "history": json.dumps(progress.history),
            "rng": json.dumps(task.rng.bit_generator.state),
            "sha256": _digest(tensors),
        }
        with whole_file(self.path) as temporary:
            temporary.write_bytes(
                save({name: x.contiguous() for name, x in tensors.items()}, metadata)
            )

    def load(self, task: Task) -> Progress:
        """Restore the task's state if the file is of this training; returns its progress.

        Raises:
            UserError: the file is damaged.
        """
        metadata = self._metadata()
        if not metadata:
            if self.path.exists():
                print(f"{self.path} belongs to another training; starting over")
            return Progress()
        try:
            progress = self._restore(task, metadata)
        except UserError:
            raise
        except Exception as error:  # whatever NumPy, PyTorch and safetensors raise
            raise UserError(
                f"{self.path} is damaged ({first_line(error)}); delete it to train from the start"
            ) from None
        print(f"resuming after epoch {len(progress.history)} from {self.path}")
        return progress

    def _restore(self, task: Task, metadata: dict[str, str]) -> Progress:
        tensors = load_file(self.path)
        require_finite_weights(self.path, tensors)
        if _digest(tensors) != metadata["sha256"]:
            raise ValueError("its tensors have another sha256 than it says")
        epoch, score = json.loads(metadata["best"])
        history = json.loads(metadata["history"])
        _require_progress(epoch, score, history)
        _restore(task, tensors)
        task.rng.bit_generator.state = json.loads(metadata["rng"])
        return Progress(Best(epoch, score, _part(tensors, "best")), history)

    def epochs(self) -> int:
        """The number of this training's epochs in the file."""
        return len(json.loads(self._metadata().get("history", "[]")))

    def _metadata(self) -> dict[str, str]:
        """Empty if there is no file, or it is of another training."""
        try:
            with safe_open(self.path, "pt") as file:
                found: dict[str, str] = file.metadata() or {}
        except (FileNotFoundError, SafetensorError):
            return {}
        own = (found.get("format"), found.get("identity")) == (_FORMAT, self.identity)
        return found if own else {}


def process_checkpoint(folder: Path, identity: str, group: ProcessGroup) -> Checkpoint:
    """This process's checkpoint: each process of a group draws its own dropout.

    If a kill left some of them an epoch behind the others, all start over.
    """
    checkpoint = Checkpoint(folder / f"{group.index}.safetensors", identity)
    epochs = checkpoint.epochs()
    mean = group.mean({"epochs": epochs}, 1)["epochs"]
    if group.mean({"differ": float(epochs != mean)}, 1)["differ"]:
        checkpoint.path.unlink(missing_ok=True)
    return checkpoint


def _digest(tensors: Weights) -> str:
    """The sha256 of all tensors' bytes, in the order of their names, in hex."""
    found = sha256()
    for _, x in sorted(tensors.items()):
        found.update(x.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _require_progress(epoch: Any, score: Any, history: Any) -> None:
    if type(epoch) is not int or not isinstance(score, int | float) or not isfinite(score):
        raise ValueError(f"best epoch {epoch!r:.40} with score {score!r:.40}")
    if not isinstance(history, list) or not 0 <= epoch <= len(history):
        raise ValueError(f"epoch {epoch} of a history {history!r:.40}")


def _tensors(task: Task, best: Weights) -> Weights:
    parts = {
        "model": task.model.state_dict(),
        "optimizer": _moments(task),
        "best": best,
        "task": task.state,
        "random": _random_state(task),
    }
    return {f"{part}.{key}": x for part, own in parts.items() for key, x in own.items()}


def _moments(task: Task) -> Weights:
    """The optimiser's tensors, by the name of their parameter."""
    states = {key: task.optimizer.state.get(x, {}) for key, x in task.model.named_parameters()}
    return {f"{key}.{moment}": x for key, own in states.items() for moment, x in own.items()}


def _restore(task: Task, tensors: Weights) -> None:
    task.model.load_state_dict(_part(tensors, "model"))
    _restore_moments(task, _part(tensors, "optimizer"))
    for name, x in _part(tensors, "task").items():
        task.state[name].copy_(x)
    _restore_random_state(task, _part(tensors, "random"))


def _restore_moments(task: Task, moments: Weights) -> None:
    # The optimiser counts parameters by group.
    owned = [x for group in task.optimizer.param_groups for x in group["params"]]
    places = {id(x): number for number, x in enumerate(owned)}
    numbers = {key: places[id(x)] for key, x in task.model.named_parameters()}
    state: dict[int, Weights] = {}
    for name, x in moments.items():
        key, moment = name.rsplit(".", 1)
        state.setdefault(numbers[key], {})[moment] = x
    groups = task.optimizer.state_dict()["param_groups"]
    task.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _random_state(task: Task) -> Weights:
    """The state of each PyTorch generator that a step may draw from."""
    device = next(task.model.parameters()).device
    gpu = {"gpu": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {}
    return {"cpu": torch.get_rng_state(), **gpu}


def _restore_random_state(task: Task, state: Weights) -> None:
    torch.set_rng_state(state["cpu"])
    if "gpu" in state:
        torch.cuda.set_rng_state(state["gpu"], next(task.model.parameters()).device)


def _part(tensors: Weights, part: str) -> Weights:
    prefix = f"{part}."
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}
