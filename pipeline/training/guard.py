"""Stops a training that has left the finite numbers, before it costs more than a few batches."""

from dataclasses import dataclass, field
from math import isfinite

import torch
from torch import Tensor

from pipeline.errors import UserError
from pipeline.training.batching import Rows

# Looking at a value waits for the device to compute it: several steps share one look.
_STEPS_PER_LOOK = 10
_MOST_IDS = 10


@dataclass
class FiniteGuard:
    """Collects each step's loss and gradient norm, and looks at them every few steps."""

    ids: list[str]
    epoch: int
    lr: float
    _watched: list[tuple[int, Rows, Tensor]] = field(default_factory=list)

    def watch(self, step: int, rows: Rows, loss: Tensor, gradient_norm: Tensor) -> None:
        """Take note of a step's scalars.

        Raises:
            UserError: one of the last steps was not finite.
        """
        self._watched.append((step, rows, torch.stack([loss.detach(), gradient_norm])))
        if len(self._watched) == _STEPS_PER_LOOK:
            self.look()

    def look(self) -> None:
        """Check what has been noted since the last look; call it at the end of an epoch.

        Raises:
            UserError: a step was not finite; names the first.
        """
        watched, self._watched = self._watched, []
        if not watched:
            return
        values = torch.stack([scalars for _, _, scalars in watched]).cpu()  # (steps, 2)
        for (step, rows, _), (loss, norm) in zip(watched, values.tolist(), strict=True):
            if not (isfinite(loss) and isfinite(norm)):
                shown = ", ".join(self.ids[row] for row in rows[:_MOST_IDS])
                more = f" and {len(rows) - _MOST_IDS} more" if len(rows) > _MOST_IDS else ""
                raise UserError(
                    f"training broke off in epoch {self.epoch}, step {step}: loss {loss},"
                    f" gradient norm {norm} at lr {self.lr}; the batch's pairs: {shown}{more}."
                    " Try a smaller train.lr or train.clip_norm"
                )
