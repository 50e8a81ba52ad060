"""The guard names the first step that is not finite, and the pairs of its batch."""

import numpy as np
import pytest
import torch

from pipeline.errors import UserError
from pipeline.training.guard import FiniteGuard

IDS = [f"p{i}" for i in range(100)]
ONE, NAN, INF = torch.tensor(1.0), torch.tensor(float("nan")), torch.tensor(float("inf"))


def recorded(bad_step: int, loss: torch.Tensor, norm: torch.Tensor, steps: int = 25) -> None:
    guard = FiniteGuard(IDS, epoch=3, lr=0.5)
    for step in range(1, steps + 1):
        rows = np.array([step, step + 1])
        is_bad = step >= bad_step
        guard.record(step, rows, loss if is_bad else ONE, norm if is_bad else ONE)
    guard.check()


def test_finite_steps_pass() -> None:
    recorded(99, NAN, NAN)


@pytest.mark.parametrize(("loss", "norm"), [(NAN, NAN), (INF, ONE), (ONE, INF), (ONE, NAN)])
@pytest.mark.parametrize("step", [1, 10, 13, 25])
def test_first_bad_step_is_named(step: int, loss: torch.Tensor, norm: torch.Tensor) -> None:
    with pytest.raises(
        UserError, match=rf"epoch 3, step {step}: .* lr 0\.5.* p{step}, p{step + 1}\."
    ):
        recorded(step, loss, norm)


def test_long_batches_are_named_in_part() -> None:
    guard = FiniteGuard(IDS, epoch=1, lr=1.0)
    guard.record(1, np.arange(64), NAN, ONE)
    with pytest.raises(UserError, match="p8, p9 and 54 more"):
        guard.check()
