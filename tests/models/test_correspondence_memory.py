"""The correspondence memory, step by step as CRCL's algorithm has it."""

import pytest
import torch

from pipeline.models.correspondence_memory import CorrespondenceMemory
from pipeline.params.matching import CorrectionParams

ROWS = torch.tensor([2, 0])
ESTIMATES = torch.tensor([0.6, 0.05])


def memory(values: list[float] | None = None) -> CorrespondenceMemory:
    made = CorrespondenceMemory(3, CorrectionParams(warm_up=2, momentum=0.8, threshold=0.1))
    if values is not None:
        made.values = torch.tensor(values)
    return made


def test_first_warm_up_trusts_all_and_ends_with_the_estimates() -> None:
    made = memory()
    assert made.refine(ROWS, ESTIMATES, stage=0, epoch=0).tolist() == [1, 1]
    assert made.values.tolist() == [1, 1, 1]
    assert made.refine(ROWS, ESTIMATES, stage=0, epoch=1).tolist() == [1, 1]
    assert made.values.tolist() == pytest.approx([0.05, 1, 0.6])


def test_after_the_warm_up_labels_follow_with_momentum() -> None:
    made = memory([0.05, 1, 0.5])
    labels = made.refine(ROWS, ESTIMATES, stage=0, epoch=2)
    assert labels.tolist() == pytest.approx([0.8 * 0.5 + 0.2 * 0.6, 0])  # 0.05 is under 0.1
    assert made.values.tolist() == pytest.approx([0, 1, 0.52])


def test_a_later_stage_warms_up_on_what_is_remembered() -> None:
    made = memory([0.05, 1, 0.5])
    assert made.refine(ROWS, ESTIMATES, stage=1, epoch=1).tolist() == pytest.approx([0.5, 0])
    assert made.values.tolist() == pytest.approx([0, 1, 0.5])


def test_without_warm_up_momentum_and_threshold_labels_are_the_estimates() -> None:
    made = CorrespondenceMemory(3, CorrectionParams(warm_up=0, momentum=0.0, threshold=0.0))
    torch.testing.assert_close(made.refine(ROWS, ESTIMATES, stage=0, epoch=0), ESTIMATES)
