"""Trainings that are broken off after every epoch, and run again."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from safetensors.torch import save
from torch import nn

from pipeline.training.checkpoint import Checkpoint
from pipeline.training.task import Log

History = dict[int, dict[str, float]]
# Trains a model from its beginning, or as a checkpoint says.
Train = Callable[[Log, Checkpoint | None], nn.Module]


class BrokenOffError(Exception):
    """Stands for a kill between two epochs."""


def run(train: Train, checkpoint: Checkpoint | None, last: int = 0) -> tuple[bytes, History]:
    """The model's bytes and the figures by epoch; broken off when epoch `last` is told."""
    history: History = {}

    def log(epoch: int, figures: Mapping[str, float]) -> None:
        assert epoch == len(history) + 1
        history[epoch] = {**figures}
        if epoch == last:
            raise BrokenOffError

    model = train(log, checkpoint)
    return save({name: x.contiguous() for name, x in model.state_dict().items()}), history


def assert_goes_on(train: Train, folder: Path) -> None:
    """Broken off after any epoch and run again, it ends in the bytes and figures of one run."""
    expected, history = run(train, None)
    assert len(history) > 2
    for last in history:
        checkpoint = Checkpoint(folder / f"{last}.safetensors", "one and the same")
        with pytest.raises(BrokenOffError):
            run(train, checkpoint, last)
        found, again = run(train, checkpoint)
        assert again == history
        assert found == expected
