"""What a training step sees: crops and flips worked by hand, and steps that repeat."""

from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from pipeline.detector_training.dataset import (
    LabelledImages,
    Target,
    crop,
    flip,
    repeat_factors,
    training_batches,
)
from pipeline.errors import UserError
from pipeline.params.detector import TrainParams


def _params(**changes: object) -> TrainParams:
    values: dict[str, object] = {
        "steps": 20,
        "batch_size": 2,
        "min_score": 0.3,
        "full_size_from": 0.5,
        "rare_below": 0.0,
        "warmup_steps": 1,
        "rate": 1e-4,
        "distillation": 1.0,
        "presence_penalty": 1e-3,
        "weight_decay": 0.0,
        "checkpoint_every": 1,
        "seed": 3,
        "threads": 1,
    }
    return TrainParams.model_validate(values | changes)


def _dataset() -> LabelledImages:
    """Six images of one grey level each; 0-3 are trained on, 3 has no sure box."""
    pixels = np.repeat(np.arange(6, dtype=np.uint8) * 10, 8 * 8 * 3).reshape(6, 8, 8, 3)
    splits = ["train", "train", "train", "train", "test", "copy"]
    table = pd.DataFrame({"name": list("abcdef"), "key": list("123456"), "split": splits})
    scores = [0.9, 0.8, 0.7, 0.1, 0.9, 0.9]
    labels = pd.DataFrame({"photo": range(6), "class": [1, 2, 3, 4, 5, 6], "score": scores})
    return LabelledImages(pixels, table, labels.assign(x1=0.25, y1=0.5, x2=0.75, y2=1.0))


def _target(*boxes: list[float]) -> Target:
    rows = len(boxes)
    return {
        "boxes": torch.tensor(boxes),
        "labels": torch.arange(1, rows + 1),
        "scores": torch.linspace(0.9, 0.5, rows),
    }


def test_targets_are_in_pixels_and_above_the_score() -> None:
    targets = _dataset().targets(0.3)
    assert targets[0]["boxes"].tolist() == [[2.0, 4.0, 6.0, 8.0]]
    assert [len(t["boxes"]) for t in targets] == [1, 1, 1, 0, 1, 1]
    assert [int(t["labels"][0]) for t in targets if len(t["labels"])] == [1, 2, 3, 5, 6]


def test_crop_scales_boxes_with_the_image() -> None:
    image = torch.zeros(3, 8, 8)
    image[:, 2:4, 4:6] = 1.0
    part, target = crop(image, _target([4.0, 2.0, 6.0, 4.0]), (2, 2, 4), 16)
    assert part.shape == (3, 16, 16)
    assert target["boxes"].tolist() == [[8.0, 0.0, 16.0, 8.0]]
    assert part[0, 2, 12] > 0.9
    assert part[0, 12, 2] < 0.1


def test_boxes_mostly_cut_away_are_left_out() -> None:
    # Half of the first two boxes stays, then 3/8; of the third nothing.
    boxes = _target([0.0, 0.0, 8.0, 2.0], [2.0, 0.0, 4.0, 8.0], [5.0, 5.0, 8.0, 8.0])
    _, target = crop(torch.zeros(3, 8, 8), boxes, (0, 0, 4), 4)
    assert target["labels"].tolist() == [1, 2]
    _, target = crop(torch.zeros(3, 8, 8), boxes, (0, 0, 3), 3)
    assert target["labels"].tolist() == []


def test_flip_swaps_left_and_right() -> None:
    image = torch.zeros(3, 4, 8)
    image[:, :, 0] = 1.0
    flipped, target = flip(image, _target([0.0, 1.0, 3.0, 2.0]))
    assert flipped[0, 0].tolist() == [0.0] * 7 + [1.0]
    assert target["boxes"].tolist() == [[5.0, 1.0, 8.0, 2.0]]
    again, restored = flip(flipped, target)
    assert torch.equal(again, image)
    assert restored["boxes"].tolist() == [[0.0, 1.0, 3.0, 2.0]]


def test_only_training_images_with_a_sure_box_are_seen() -> None:
    levels = set()
    for images, _ in training_batches(_dataset(), _params(), 0):
        levels |= {round(float(x) * 255) for x in images[:, 0, 0, 0]}
    assert levels == {0, 10, 20}


def test_images_of_rare_classes_are_seen_more_often() -> None:
    labels = [[1], [1, 1], [1, 2], [], [1], [1], [1], [3, 2], [1], [1]]
    targets = [{"labels": torch.tensor(classes, dtype=torch.int64)} for classes in labels]
    # Class 2 is in 2 of 10 images, class 3 in one: sqrt(0.8 / 0.2) = 2, sqrt(0.8 / 0.1) = 8 ** 0.5.
    expected = [1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 8**0.5, 1.0, 1.0]
    np.testing.assert_allclose(repeat_factors(targets, 0.8), expected)
    np.testing.assert_allclose(repeat_factors(targets, 0.0), 1.0)


def test_too_few_images_to_learn_from_are_refused() -> None:
    with pytest.raises(UserError, match=r"3 training images .* train\.batch_size = 4"):
        next(training_batches(_dataset(), _params(batch_size=4), 0))


def test_a_resumed_training_sees_the_same_batches() -> None:
    straight = list(training_batches(_dataset(), _params(), 0))
    resumed = list(training_batches(_dataset(), _params(), 7))
    assert len(straight) == 20
    for (images, targets), (others, other_targets) in zip(straight[7:], resumed, strict=True):
        assert torch.equal(images, others)
        assert [_as_lists(t) for t in targets] == [_as_lists(t) for t in other_targets]


def test_the_last_steps_have_the_detectors_own_size() -> None:
    sizes = [images.shape[-1] for images, _ in training_batches(_dataset(), _params(), 0)]
    assert set(sizes[10:]) == {256}
    assert len(set(sizes[:10])) > 1


def test_another_seed_gives_other_batches() -> None:
    (first, _), (other, _) = (
        next(islice(training_batches(_dataset(), _params(seed=s, full_size_from=0.0), 0), 1))
        for s in (3, 4)
    )
    assert not torch.equal(first, other)


def _as_lists(target: dict[str, Tensor]) -> dict[str, list[float]]:
    return {name: values.tolist() for name, values in target.items()}
