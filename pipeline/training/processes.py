"""One training by several processes, each with a GPU of its own, through Hugging Face Accelerate.

Every process holds all features and the same weights, and takes its part of every batch. Summed
gradients are those of the whole batch, so that the number of processes changes a result by
rounding, and by which random numbers dropout draws.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from pipeline.errors import UserError
from pipeline.training.batching import Rows
from pipeline.training.metrics import Classes


class Team(Protocol):
    """What the training loop asks of those who share it; means of losses are over pairs."""

    device: torch.device
    is_first: bool

    def begin(self, model: Any) -> None:
        """Let all start from the same weights."""

    def share(self, batch: Rows) -> tuple[Rows, float]:
        """The rows of a batch that are this process's, and the weight of their mean loss."""

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every process the sum of all processes' gradients."""

    def mean(self, losses: Mapping[str, float], pairs: float) -> dict[str, float]:
        """The mean of every process's mean losses, which count by their numbers of pairs."""

    def gather(self, rows: Rows, predicted: Tensor) -> tuple[Rows, Classes]:
        """The rows of all processes, each once, and the classes predicted for them."""

    def agree(self, figures: Mapping[str, float]) -> dict[str, float]:
        """The first process's figures, so that all take the same decisions."""


class Alone:
    """The one process of a training that is not shared."""

    is_first = True

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def begin(self, model: Any) -> None:
        pass

    def share(self, batch: Rows) -> tuple[Rows, float]:
        return batch, 1.0

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        pass

    def mean(self, losses: Mapping[str, float], pairs: float) -> dict[str, float]:
        return dict(losses)

    def gather(self, rows: Rows, predicted: Tensor) -> tuple[Rows, Classes]:
        return rows, predicted.cpu().numpy()

    def agree(self, figures: Mapping[str, float]) -> dict[str, float]:
        return dict(figures)


class AcceleratedTeam:
    """The processes that `accelerate launch` has started, on one machine or more."""

    def __init__(self, device: torch.device) -> None:
        from accelerate import Accelerator

        self._accelerator: Any = Accelerator(cpu=device.type == "cpu")
        self.device: torch.device = self._accelerator.device
        self.is_first: bool = self._accelerator.is_main_process
        self._index: int = self._accelerator.process_index
        self._count: int = self._accelerator.num_processes

    def begin(self, model: Any) -> None:
        from accelerate.utils import broadcast

        with torch.no_grad():
            for value in model.state_dict().values():
                value.copy_(broadcast(value.clone()))
        # Each pair is to meet a dropout of its own.
        torch.manual_seed(torch.initial_seed() + self._index)

    def share(self, batch: Rows) -> tuple[Rows, float]:
        if len(batch) < self._count:  # too few to go round: all do the same
            return batch, 1 / self._count
        own = np.array_split(batch, self._count)[self._index]
        return own, len(own) / len(batch)

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        total = self._accelerator.reduce(parameters_to_vector(gradients), "sum")
        vector_to_parameters(total, gradients)

    def mean(self, losses: Mapping[str, float], pairs: float) -> dict[str, float]:
        own = torch.tensor([pairs, *(pairs * value for value in losses.values())])
        whole, *sums = self._accelerator.reduce(own.double().to(self.device), "sum").tolist()
        return {name: value / whole for name, value in zip(losses, sums, strict=True)}

    def gather(self, rows: Rows, predicted: Tensor) -> tuple[Rows, Classes]:
        own = torch.stack([torch.from_numpy(rows).to(self.device), predicted], dim=1)  # (n, 2)
        even = self._accelerator.pad_across_processes(own, pad_index=-1)
        table = self._accelerator.gather(even).cpu().numpy()
        found, first = np.unique(table[:, 0], return_index=True)
        real = found >= 0
        return found[real], table[first[real], 1]

    def agree(self, figures: Mapping[str, float]) -> dict[str, float]:
        from accelerate.utils import broadcast_object_list

        (first,) = broadcast_object_list([dict(figures)])
        return dict(first)


def join(device: torch.device) -> Team:
    """The team that this process was launched for, or else itself alone.

    device: of this process if it is alone; of a team, its kind.
    """
    return AcceleratedTeam(device) if is_launched() else Alone(device)


def is_launched() -> bool:
    """Whether this is one of several processes of a team."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def launch(module: str, processes: int, device: torch.device) -> None:
    """Run `python -m module` in so many processes, and wait for them.

    Raises:
        UserError: there are too few GPUs, Accelerate is not installed, or a process fails.
    """
    gpus = torch.cuda.device_count()
    if device.type == "cuda" and gpus < processes:
        raise UserError(
            f"compute.training_processes = {processes}, but PyTorch sees {gpus} GPU(s);"
            " allowed: one process for each"
        )
    kind = "--cpu" if device.type == "cpu" else "--multi_gpu"
    sizes = f"--num_processes {processes} --num_machines 1 --main_process_port 0"
    plain = "--mixed_precision no --dynamo_backend no"
    words = f"-m accelerate.commands.launch {kind} {sizes} {plain} --module {module}"
    done = subprocess.run([sys.executable, *words.split()], check=False)
    if done.returncode:
        raise UserError(
            f"training in {processes} processes failed, see above; without Accelerate:"
            " pip install -r requirements-cluster.txt"
        )
