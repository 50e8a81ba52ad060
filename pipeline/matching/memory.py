"""Self-refining correspondence correction of CRCL: what is believed of each train pair."""

import torch
from torch import Tensor

from pipeline.matching.params import CorrectionParams


class CorrespondenceMemory:
    """How likely each train pair is right, remembered from step to step and stage to stage.

    values: (n,) from 0 (wrong) to 1 (right), at first all 1.
    """

    def __init__(self, pairs: int, params: CorrectionParams) -> None:
        self.values = torch.ones(pairs)
        self._params = params

    def refine(self, rows: Tensor, estimates: Tensor, stage: int, epoch: int) -> Tensor:
        """The labels y (B,) to train a batch with; remembers what is now believed of its pairs.

        In a stage's warm-up labels are what is remembered, later they follow the estimates with
        momentum; below the threshold they are 0. At the end of the first warm-up the memory, until
        then all ones, takes over the estimates themselves.

        Args:
            rows: (B,) which pairs. estimates: (B,) of them, by the model as it is.
            stage, epoch: counted from 0, the epoch within its stage.
        """
        params, kept = self._params, self.values[rows]
        estimates = estimates.to(kept)
        labels = kept
        if epoch >= params.warm_up:
            labels = params.momentum * kept + (1 - params.momentum) * estimates
        labels = labels.masked_fill(labels < params.threshold, 0)
        ends_first_warm_up = stage == 0 and epoch == params.warm_up - 1
        self.values[rows] = estimates if ends_first_warm_up else labels
        return labels
