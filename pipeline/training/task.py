"""The interface between the training loop and what is trained, and a training's progress."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn
from torch.optim import Optimizer

from pipeline.features.batches import Rows

Figures = dict[str, float]
Log = Callable[[int, Mapping[str, float]], None]


@dataclass(frozen=True)
class Plan:
    """Limits of a training.

    epochs: maximum. patience: epochs without a better dev score before it stops. clip_norm: the
    largest norm of a step's gradient. title: its name in the progress bar and in messages.
    """

    epochs: int
    patience: int
    clip_norm: float
    title: str = "training"


class Task(Protocol):
    """A model to train, its batches and its evaluation.

    model: trained in place. optimizer: of all the model's parameters. ids: of the
    rows in batches. rng: for draws outside PyTorch. steps: batches per epoch.
    selected_by: the figure of `evaluate` that selects the epoch, the higher the better.
    """

    model: nn.Module
    optimizer: Optimizer
    plan: Plan
    ids: list[str]
    rng: np.random.Generator
    steps: int
    selected_by: str

    @property
    def state(self) -> dict[str, Tensor]:
        """Tensors beside the model's that training changes in place."""
        return {}

    def batches(self, epoch: int) -> list[Rows]:
        """Start an epoch, counted from 1: set its learning rate, return the rows of its batches."""

    def read(self, batches: Sequence[Rows]) -> Iterator[Any]:
        """Yield the inputs of these batches."""

    def backward(self, rows: Rows, inputs: Any) -> Tensor:
        """Compute the gradients of a batch's loss; returns the scalar loss.

        inputs: of the batch, as `read` yields them.
        """

    def figures(self) -> Figures:
        """Metrics of the epoch's batches, by names that begin with train/."""

    def evaluate(self) -> Figures:
        """Metrics on dev, by names that begin with dev/."""


@dataclass
class Best:
    """The weights of the epoch with the best dev score so far."""

    epoch: int = 0
    score: float = -1.0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def update(self, epoch: int, score: float, model: nn.Module) -> None:
        """Keep the model's weights if the score is better than all before."""
        if score > self.score:
            self.epoch, self.score = epoch, score
            self.weights = {name: value.clone() for name, value in model.state_dict().items()}


@dataclass
class Progress:
    """The state of a training. history: the figures of each epoch."""

    best: Best = field(default_factory=Best)
    history: list[Figures] = field(default_factory=list)
