"""Image-level labels from the teacher's boxes, and the regression fitted on them."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from pipeline.detector_training.dataset import Target, fit_presence, present_classes


def _target(labels: list[int], scores: list[float]) -> Target:
    return {"labels": torch.tensor(labels, dtype=torch.int64), "scores": torch.tensor(scores)}


def test_a_class_is_present_as_surely_as_its_best_box() -> None:
    targets = [_target([1, 3], [0.9, 0.5]), _target([2, 2], [0.25, 0.35]), _target([], [])]
    present = present_classes(targets, classes=4)
    expected = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(present, expected)


def test_the_regression_is_the_one_of_least_penalised_cross_entropy() -> None:
    random = np.random.default_rng(0)
    means = random.normal(size=(300, 4))
    raw = means * [1.0, 3.0, 0.2, 10.0] + [0.0, -5.0, 1.0, 2.0]
    means = (raw - raw.mean(0)) / raw.std(0, ddof=1)  # what the penalty counts
    present = (means @ random.normal(size=(4, 2)) + random.normal(size=(300, 2)) > 0).astype(float)
    penalty = 0.05
    found = fit_presence(torch.tensor(raw).float(), torch.tensor(present).float(), penalty)
    for k in range(2):
        # scikit-learn adds the errors of all rows up, and divides by C what we multiply.
        theirs = LogisticRegression(C=1 / (penalty * 300), tol=1e-8).fit(means, present[:, k])
        said = found(torch.tensor(raw).float())[:, k].numpy()
        np.testing.assert_allclose(said, theirs.decision_function(means), atol=1e-2)
    assert not any(weights.requires_grad for weights in found.parameters())
