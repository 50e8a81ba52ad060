"""Counts where a training step would wait for a GPU, without one."""

import sys
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from pipeline.core.device import on_device
from pipeline.features.batches import Rows
from pipeline.training.loop import fit
from pipeline.training.task import Figures, Task

# What brings a value to the host, or makes a tensor whose size depends on values.
_READING = {"item", "tolist", "cpu", "numpy", "nonzero", "argwhere", "masked_select", "bincount"}
_READING |= {"unique", "unique_consecutive", "repeat_interleave", "equal", "allclose"}
_READING |= {"__bool__", "__int__", "__float__", "__index__", "__contains__"}
_INDEXING = {"__getitem__", "__setitem__", "index_put", "index_put_"}


class OnDevice(Tensor):
    """A tensor that stands for one on a GPU; so does all that comes of it."""

    waits: ClassVar[list[str]] = []

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.__name__
        if name in _READING or (name in _INDEXING and _chooses_by_value(args[1])):
            cls.waits.append(name)
        found = super().__torch_function__(func, types, args, kwargs or {})
        if name == "_pack_padded_sequence":  # the sizes of its batches come on the host
            return found[0], found[1].as_subclass(Tensor)
        return found.as_subclass(Tensor) if name == "cpu" else found


def _chooses_by_value(index: Any) -> bool:
    parts = index if isinstance(index, tuple | list) else (index,)
    return any(isinstance(part, OnDevice) and part.dtype == torch.bool for part in parts)


def put_on_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, what goes to a device is `OnDevice`."""
    OnDevice.waits.clear()
    for module in [*sys.modules.values()]:
        if getattr(module, "on_device", None) is on_device:
            monkeypatch.setattr(module, "on_device", lambda x, device: x.as_subclass(OnDevice))


def waits_of_an_epoch(task: Task, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What waits in the steps of an epoch; the task's evaluation is left out."""

    def epoch(number: int) -> list[Rows]:
        found = batches(number)
        put_on_device(monkeypatch)
        return found

    def figures() -> Figures:
        return {task.selected_by: 0.0}

    batches = task.batches
    monkeypatch.setattr(task, "batches", epoch)
    for name in ("figures", "evaluate"):
        monkeypatch.setattr(task, name, figures)
    task.plan = type(task.plan)(1, 1, task.plan.clip_norm)
    fit(task, lambda epoch, figures: None, progress=False)
    return [*OnDevice.waits]
