"""Self-refining correspondence correction of CRCL: soft labels for the train pairs."""

import torch
from torch import Tensor

from pipeline.params.matching import CorrectionParams


class CorrespondenceMemory:
    """The estimated correspondence of each train pair, kept across steps and stages.

    values: (n,) on a device, from 0 (wrong) to 1 (right), at first all 1.
    """

    def __init__(
        self, pairs: int, params: CorrectionParams, device: torch.device | None = None
    ) -> None:
        """device: of the estimates, so that a step need not wait for them; the CPU by default."""
        self.values = torch.ones(pairs, device=device)
        self._params = params

    def refine(self, rows: Tensor, estimates: Tensor, stage: int, epoch: int) -> Tensor:
        """The labels y (B,) to train a batch with; updates the memory of its pairs.

        During a stage's warm-up the labels are the memory, later they follow the estimates with
        momentum; below the threshold they are 0. In the last epoch of the first warm-up the memory,
        until then all ones, is set to the estimates.

        rows: (B,) indices of pairs, on the device. estimates: (B,) of them, by the current model.
        stage, epoch: counted from 0, the epoch within its stage.
        """
        estimates = estimates.to(self.values)
        labels = self._labels(self.values[rows], estimates, epoch)
        ends_first_warm_up = stage == 0 and epoch == self._params.warm_up - 1
        self.values[rows] = estimates if ends_first_warm_up else labels
        return labels

    def _labels(self, labels: Tensor, estimates: Tensor, epoch: int) -> Tensor:
        params = self._params
        if epoch >= params.warm_up:
            labels = params.momentum * labels + (1 - params.momentum) * estimates
        return labels.masked_fill(labels < params.threshold, 0)
