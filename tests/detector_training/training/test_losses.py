"""The teacher's doubts weigh on what the box head learns."""

import math

import pytest
import torch

from pipeline.detector_training.training.losses import box_head_losses, class_channel_loss

# Softmax of these: 1/4, 3/4 and 1/2, 1/2.
LOGITS = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]])
SHIFTS = torch.tensor([[0.0, 0.0, 0.0, 1.0], [9.0, 9.0, 9.0, 9.0]])
# Smooth L1 with beta 1/9: |1| - 1/18.
SHIFT_LOSS = 1 - 1 / 18


@pytest.mark.parametrize(("score", "trust"), [(0.9, 1.0), (0.5, 1.0), (0.35, 0.5), (0.2, 0.0)])
def test_objects_count_by_their_score(score: float, trust: float) -> None:
    """The first proposal is an object, the second background, which always counts."""
    labels, scores = torch.tensor([1, 0]), torch.tensor([score, 0.1])
    class_loss, box_loss = box_head_losses(LOGITS, SHIFTS, labels, torch.zeros(2, 4), scores)
    expected = (trust * -math.log(3 / 4) + -math.log(1 / 2)) / (trust + 1)
    assert float(class_loss) == pytest.approx(expected)
    assert float(box_loss) == pytest.approx(trust * SHIFT_LOSS / 2)


@pytest.mark.parametrize(("score", "trust"), [(0.9, 1.0), (0.35, 0.5), (0.2, 0.0)])
def test_a_class_channel_answers_for_its_class_alone(score: float, trust: float) -> None:
    """The first proposal shows class 2 of two, the second is background and shows neither."""
    labels, scores = torch.tensor([2, 0]), torch.tensor([score, 0.1])
    # Sigmoids: 1/4 and 3/4; 1/2 and 1/4.
    logits = torch.tensor([[-math.log(3.0), math.log(3.0)], [0.0, -math.log(3.0)]])
    shown = -math.log(3 / 4) - math.log(3 / 4)
    background = -math.log(1 / 2) - math.log(3 / 4)
    expected = (trust * shown + background) / (trust + 1)
    assert float(class_channel_loss(logits, labels, scores)) == pytest.approx(expected)
