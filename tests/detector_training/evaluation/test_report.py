"""The whole evaluation on a handful of tiny images: what it counts, and that JSON can hold it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.detector_training.dataset import LabelledImages
from pipeline.detector_training.evaluation import report
from pipeline.detector_training.evaluation.probe import image_means, linear_probe, probe_parts
from pipeline.encoders.detectors.lite import FasterRCNNLite
from pipeline.params.detector import EvaluateParams

PARAMS = EvaluateParams(classes=2, resamples=20, images=2, seed=0)


@pytest.fixture
def dataset() -> LabelledImages:
    names = ["a/1", "a/2", "b/1", "b/2", "a/3", "a/4", "a/5", "b/3"]
    splits = ["train"] * 4 + ["tune", "test", "test", "test"]
    table = pd.DataFrame({"name": names, "key": names, "split": splits})
    classes = [1, 2, 1, 2, 1, 2, 1, 1]
    labels = pd.DataFrame({"photo": range(8), "class": classes, "score": 0.9})
    pixels = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)
    return LabelledImages(pixels, table, labels.assign(x1=0.1, y1=0.1, x2=0.9, y2=0.9))


@pytest.fixture
def model() -> FasterRCNNLite:
    torch.manual_seed(0)
    return FasterRCNNLite(("__background__", "person", "dog")).eval()


def naive_precision(present: np.ndarray, scores: np.ndarray) -> float:
    """The mean of the precision at each positive; scores are distinct."""
    ranked = present[np.argsort(-scores)]
    return float(np.mean([ranked[: i + 1].mean() for i in np.flatnonzero(ranked)]))


def test_figures_are_by_folder_and_without_people(
    dataset: LabelledImages, model: FasterRCNNLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "measure_speed", lambda model: {})
    figures = json.loads(json.dumps(report.measure(model, dataset, PARAMS)))
    a, b = figures["agreement"]["a"], figures["agreement"]["b"]
    assert (a["photos"], a["all"]["boxes"], a["without_person"]["boxes"]) == (2, 2, 1)
    assert (b["photos"], b["all"]["boxes"], b["without_person"]["boxes"]) == (1, 1, 0)
    probe = figures["probe_map"]
    ahead = probe.pop("fc7_ahead_of_trunk")
    assert set(probe) == {"fc7", "trunk", "imagenet", "random_fc7"}
    parts = probe_parts(dataset, PARAMS.classes)
    means = {split: image_means(model, dataset, part.rows) for split, part in parts.items()}
    for name in ("trunk", "imagenet"):
        logits = linear_probe({split: found[name] for split, found in means.items()}, parts)
        present = parts["test"].present
        naive = [
            naive_precision(present[:, k], logits[:, k]) for k in np.flatnonzero(present.any(0))
        ]
        assert probe[name] == pytest.approx(np.mean(naive))
    assert ahead["by"] == probe["fc7"] - probe["trunk"]
    assert ahead["low"] <= ahead["high"]


def test_images_come_from_every_folder(dataset: LabelledImages, model: FasterRCNNLite) -> None:
    drawn = report.draw_held_out(model, dataset, PARAMS.images)
    assert drawn.size == (4 * 96, 96)
