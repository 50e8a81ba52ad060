"""Training in several processes, one per GPU.

PyTorch's launcher starts them, Hugging Face Accelerate connects them. Every process finds all
features and holds the same weights, and takes its share of every batch. Summed gradients are those
of the whole batch, so the number of processes changes a result only by rounding and by dropout's
random numbers.

Where a loss needs the whole batch, each process computes it from all parts, of which only its own
has a graph: again, the sum of the gradients is the whole batch's.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, distributed, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from pipeline.cores import core_count
from pipeline.errors import UserError
from pipeline.features.batches import Rows

Classes = npt.NDArray[np.int64]

# Set for the processes that `launch` starts, whatever else their launcher sets.
_LAUNCHED = "ANANET_LAUNCHED"


class ProcessGroup:
    """The processes that share a training; here, one process alone."""

    count = 1
    index = 0

    def __init__(self, device: torch.device) -> None:
        self.device = device

    @property
    def is_first(self) -> bool:
        """Whether it is this process that writes files."""
        return self.index == 0

    def broadcast_weights(self, model: Any) -> None:
        """Start all processes from the first one's weights."""

    def part(self, size: int) -> tuple[slice, float]:
        """This process's part of a batch of so many rows, and the weight of its mean loss."""
        return slice(0, size), 1.0

    def share(self, batch: Rows) -> tuple[Rows, float]:
        """This process's rows of a batch, and the weight of their mean loss."""
        part, weight = self.part(len(batch))
        return batch[part], weight

    def join(self, own: Tensor, size: int) -> Tensor:
        """The columns of all processes (R, size), from those of each `part`, (R, own).

        Only this process's columns have a graph, so a loss of all needs no weight.
        """
        return own

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, through which gradients flow to each."""
        return values

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every process the sum of all processes' gradients."""

    def mean(self, losses: Mapping[str, float], pairs: float) -> dict[str, float]:
        """The mean of all processes' mean losses, weighted by their numbers of pairs."""
        return dict(losses)

    def gather(self, rows: Rows, predicted: Tensor) -> tuple[Rows, Classes]:
        """The rows of all processes, each once, and the classes predicted for them."""
        return rows, predicted.cpu().numpy()

    def broadcast(self, figures: Mapping[str, float]) -> dict[str, float]:
        """The first process's figures, so that all take the same decisions."""
        return dict(figures)


class AccelerateGroup(ProcessGroup):
    """The processes that `launch` or `accelerate launch` has started, on one machine or more."""

    def __init__(self, device: torch.device) -> None:
        from accelerate import Accelerator

        self._accelerator: Any = Accelerator(cpu=device.type == "cpu")
        super().__init__(self._accelerator.device)
        self.count = self._accelerator.num_processes
        self.index = self._accelerator.process_index

    def broadcast_weights(self, model: Any) -> None:
        from accelerate.utils import broadcast

        with torch.no_grad():
            for value in model.state_dict().values():
                value.copy_(broadcast(value.clone()))
        # Each process draws its own dropout.
        torch.manual_seed(torch.initial_seed() + self.index)

    def part(self, size: int) -> tuple[slice, float]:
        if size < self.count:  # too few to go round: all do the same
            return slice(0, size), 1 / self.count
        start, end = self._bounds(size)[self.index : self.index + 2]
        return slice(start, end), (end - start) / size

    def _bounds(self, size: int) -> list[int]:
        """Where the processes' parts of a batch begin, and its end."""
        return [size * index // self.count for index in range(self.count + 1)]

    def join(self, own: Tensor, size: int) -> Tensor:
        if own.shape[1] == size:  # all do the same
            return own.detach() + (own - own.detach()) / self.count
        even = self._accelerator.pad_across_processes(own.detach().T.contiguous())
        parts = list(self._accelerator.gather(even).split(len(even)))
        bounds = self._bounds(size)
        lengths = [end - start for start, end in pairwise(bounds)]
        columns = [part[:length] for part, length in zip(parts, lengths, strict=True)]
        columns[self.index] = own.T
        return torch.cat(columns).T

    def sum(self, values: Tensor) -> Tensor:
        found: Tensor = _Sum.apply(values)
        return found

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

    def broadcast(self, figures: Mapping[str, float]) -> dict[str, float]:
        from accelerate.utils import broadcast_object_list

        (first,) = broadcast_object_list([dict(figures)])
        return dict(first)


class _Sum(torch.autograd.Function):
    """A sum over processes, whose gradient is the sum of all processes' gradients."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


def train_in(
    processes: int, module: str, device: torch.device, train: Callable[[ProcessGroup], None]
) -> None:
    """Call `train` with the group of this process; before, start several if so many are asked for.

    module: what `python -m` runs in each of them, which calls this again.

    Raises:
        UserError: as `launch` and `join_group`.
    """
    if processes > 1 and not is_launched():
        launch(module, processes, device)
    else:
        train(join_group(device, processes))


def join_group(device: torch.device, processes: int = 1) -> ProcessGroup:
    """The group that this process was launched for, or this process alone.

    device: of this process if it is alone; in a group, the kind of device. processes: how many were
    asked for; 1 takes as many as there are.

    Raises:
        UserError: more or fewer came up.
    """
    group = AccelerateGroup(device) if _is_one_of_several() else ProcessGroup(device)
    if processes > 1 and group.count != processes:
        raise UserError(
            f"compute.training_processes = {processes}, but {group.count} process(es) came up;"
            " allowed: 1, or as many as your launcher starts"
        )
    return group


def is_launched() -> bool:
    """Whether a launcher has started this process, which must then start no others."""
    return _LAUNCHED in os.environ or _is_one_of_several()


def _is_one_of_several() -> bool:
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def launch(module: str, processes: int, device: torch.device) -> None:
    """Run `python -m module` in this many processes, which share the cores; wait for them.

    Raises:
        UserError: there are too few GPUs, Accelerate is not installed, or a process fails.
    """
    if device.type == "cuda":
        _require_gpus(processes)
    # `accelerate launch --cpu` would start a single process, whatever number it is given.
    # The address spares looking up the machine's name, which waits for long where nothing knows it.
    sizes = f"--standalone --local_addr 127.0.0.1 --nproc_per_node {processes}"
    words = f"-m torch.distributed.run {sizes} --module {module}"
    command = [sys.executable, *words.split()]
    done = subprocess.run(command, env=_environment(processes), check=False)
    if done.returncode:
        raise UserError(
            f"training in {processes} processes failed, see above; without Accelerate:"
            " pip install -r requirements-cluster.txt"
        )


def _require_gpus(processes: int) -> None:
    gpus = torch.cuda.device_count()
    if gpus < processes:
        raise UserError(
            f"compute.training_processes = {processes}, but PyTorch sees {gpus} GPU(s);"
            " allowed: one process for each"
        )


def _environment(processes: int) -> dict[str, str]:
    threads = max(1, core_count() // processes)
    # OMP_NUM_THREADS of the user goes first.
    return {"OMP_NUM_THREADS": str(threads), **os.environ, _LAUNCHED: "1"}
