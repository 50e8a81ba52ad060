"""Training goes on where it was killed, to the same weights, and on its own parameters only."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open

from pipeline.detector_training.dataset import LabelledImages
from pipeline.detector_training.training import training
from pipeline.detector_training.training.checkpoint import save_weights
from pipeline.detector_training.training.losses import Regions
from pipeline.detector_training.training.training import train
from pipeline.encoders.detectors.lite import FasterRCNNLite, read_lite
from pipeline.errors import UserError
from pipeline.params.detector import TrainParams

CLASSES = ("__background__", "square", "bar")
PARAMS = TrainParams(
    steps=3,
    batch_size=1,
    min_score=0.3,
    full_size_from=0.5,
    rare_below=0.1,
    warmup_steps=1,
    rate=1e-4,
    distillation=1.0,
    presence_penalty=1e-3,
    weight_decay=0.0,
    checkpoint_every=1,
    seed=0,
    threads=1,
)


@pytest.fixture
def dataset() -> LabelledImages:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8)
    table = pd.DataFrame({"name": list("abc"), "key": list("123"), "split": "train"})
    labels = pd.DataFrame({"photo": range(3), "class": [1, 2, 1], "score": [0.9, 0.6, 0.4]})
    return LabelledImages(pixels, table, labels.assign(x1=0.2, y1=0.1, x2=0.7, y2=0.9))


def run_training(
    dataset: LabelledImages, checkpoint: Path, params: TrainParams = PARAMS
) -> FasterRCNNLite:
    """Training on small inputs, which are faster."""
    return train(dataset, CLASSES, params, checkpoint, sides=(64, 96))


def _killed_after(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checkpoint of `step` be the last thing that a training does."""
    save = training.save_checkpoint

    def save_and_die(*args: object) -> None:
        save(*args)  # type: ignore[arg-type]
        if args[-1]["step"] == str(step):  # type: ignore[index]
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "save_checkpoint", save_and_die)


def test_a_killed_training_ends_with_the_same_weights(
    dataset: LabelledImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = run_training(dataset, tmp_path / "straight.safetensors")
    with monkeypatch.context() as patch:
        _killed_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            run_training(dataset, tmp_path / "killed.safetensors")
    resumed = run_training(dataset, tmp_path / "killed.safetensors")
    for name, weights in straight.state_dict().items():
        assert torch.equal(weights, resumed.state_dict()[name]), name


def test_training_changes_all_but_the_trunk(dataset: LabelledImages, tmp_path: Path) -> None:
    torch.manual_seed(PARAMS.seed)
    started = training.Student(CLASSES, PARAMS).detector.state_dict()
    trained = run_training(dataset, tmp_path / "checkpoint.safetensors").state_dict()
    for name, weights in trained.items():
        frozen = name.startswith(("backbone.trunk.", "backbone.imagenet."))
        assert torch.equal(weights, started[name]) == frozen, name


def test_the_trunks_channels_are_scaled_as_the_images_have_them(
    dataset: LabelledImages, tmp_path: Path
) -> None:
    detector = run_training(dataset, tmp_path / "checkpoint.safetensors")
    last = detector.backbone.trunk(dataset.images(np.arange(3)))[-1]  # 3 x 320 x 3 x 3
    pooler, channels = detector.roi_heads.box_roi_pool, slice(112, 432)
    torch.testing.assert_close(pooler.mean[channels], last.mean((0, 2, 3)))
    places = last.transpose(0, 1).flatten(1)
    torch.testing.assert_close(pooler.spread[channels], places.std(1), atol=2e-3, rtol=1e-3)


def test_fc7_ends_near_what_a_regression_says_of_the_images(
    dataset: LabelledImages, tmp_path: Path
) -> None:
    detector = run_training(dataset, tmp_path / "checkpoint.safetensors")
    images, box = dataset.images(np.arange(3)), [torch.tensor([[10.0, 10.0, 60.0, 80.0]])] * 3
    pooled = detector.roi_heads.box_roi_pool(detector.backbone(images), box, [(96, 96)] * 3)
    # Class 1 stands in the first and the last image, class 2 in the second.
    first, second = detector.roi_heads.box_head(pooled)[:, 752:754].T
    assert first[[0, 2]].min() > first[1]
    assert second[1] > second[[0, 2]].max()


def test_a_checkpoint_of_other_parameters_is_refused(
    dataset: LabelledImages, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    run_training(dataset, path, PARAMS.model_copy(update={"steps": 1}))
    with pytest.raises(UserError, match=r"checkpoint\.safetensors belongs to other parameters"):
        run_training(dataset, path)


def test_a_loss_that_is_not_finite_stops_training(
    dataset: LabelledImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = Regions(torch.zeros(1, 432), torch.zeros(1, 1600), torch.zeros(1, 1024))
    losses = {"loss_classifier": torch.tensor(float("nan"))}
    monkeypatch.setattr(training, "detection_losses", lambda *_: (losses, regions))
    with pytest.raises(FloatingPointError, match=r"step 0: .*loss_classifier.*lower"):
        run_training(dataset, tmp_path / "checkpoint.safetensors")


def test_saved_weights_are_read_back_in_half_precision(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = FasterRCNNLite(CLASSES)
    path = tmp_path / "weights.safetensors"
    save_weights(path, model)
    with safe_open(path, "pt") as file:
        names = list(file.keys())
        assert {file.get_tensor(name).dtype for name in names} == {torch.float16}
    again = read_lite(path)
    assert again.classes == CLASSES
    assert not again.training
    for name, weights in model.state_dict().items():
        assert torch.equal(weights.half().float(), again.state_dict()[name])
