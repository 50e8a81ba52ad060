"""Stops a training within a few batches after its loss or gradient is no longer finite."""

from dataclasses import dataclass, field
from math import isfinite

import torch
from torch import Tensor

from pipeline.errors import UserError
from pipeline.features.batches import Rows

# Reading a value waits for the device, so several steps are checked at once.
_STEPS_PER_CHECK = 10
_MOST_IDS = 10


@dataclass
class FiniteGuard:
    """Records each step's loss and gradient norm, and checks them every few steps."""

    ids: list[str]
    epoch: int
    lr: float
    title: str = "training"
    _recorded: list[tuple[int, Rows, Tensor]] = field(default_factory=list)

    def record(self, step: int, rows: Rows, loss: Tensor, gradient_norm: Tensor) -> None:
        """Record a step's scalars.

        Raises:
            UserError: one of the last steps was not finite.
        """
        self._recorded.append((step, rows, torch.stack([loss.detach(), gradient_norm])))
        if len(self._recorded) == _STEPS_PER_CHECK:
            self.check()

    def check(self) -> None:
        """Check the steps since the last check; call it at the end of an epoch.

        Raises:
            UserError: a step was not finite; names the first.
        """
        recorded, self._recorded = self._recorded, []
        if not recorded:
            return
        values = torch.stack([scalars for _, _, scalars in recorded]).cpu()  # (steps, 2)
        for (step, rows, _), (loss, norm) in zip(recorded, values.tolist(), strict=True):
            if not (isfinite(loss) and isfinite(norm)):
                raise UserError(
                    f"{self.title} broke off in epoch {self.epoch}, step {step}: loss {loss},"
                    f" gradient norm {norm} at lr {self.lr}; the batch's pairs:"
                    f" {self._shown(rows)}. Try a smaller train.lr or train.clip_norm"
                )

    def _shown(self, rows: Rows) -> str:
        more = f" and {len(rows) - _MOST_IDS} more" if len(rows) > _MOST_IDS else ""
        return ", ".join(self.ids[row] for row in rows[:_MOST_IDS]) + more
