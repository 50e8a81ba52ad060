"""Labelling a folder of images with a teacher that the test defines."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.detector_training.dataset import LabelledImages
from pipeline.detector_training.labels.labelling import label_images, read_splits
from pipeline.detector_training.labels.teacher import PseudoLabels
from pipeline.errors import UserError
from pipeline.images.source import ImageSource


def _teacher(image: NDArray[np.uint8], min_score: float) -> PseudoLabels:
    """Sees as many boxes as the image's first pixel is red."""
    count = int(image[0, 0, 0])
    boxes = np.tile(np.array([0.0, 0.25, 0.5, 1.0], np.float32), (count, 1))
    return PseudoLabels(boxes, np.full(count, 0.9, np.float32), np.arange(count) + 1)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "sea").mkdir(parents=True)
    for name, red in {"sea/a.png": 2, "b.png": 0, "c.png": 1, "copy_of_c.png": 1}.items():
        Image.new("RGB", (40, 20), (red, 7, 7)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def _label(images: Path, splits: dict[str, str], out: Path) -> LabelledImages:
    with ImageSource.open(images) as source:
        label_images(source, splits, _teacher, 0.2, out)
    return LabelledImages.load(out)


def test_every_image_keeps_its_row(images: Path, tmp_path: Path) -> None:
    labelled = _label(images, {"c.png": "test"}, tmp_path / "out")
    splits = dict(zip(labelled.table["name"], labelled.table["split"], strict=True))
    assert splits == {
        "b.png": "train",
        "broken.jpg": "unreadable",
        "c.png": "test",
        "copy_of_c.png": "copy",
        "sea/a.png": "train",
    }
    assert labelled.pixels.shape == (5, 256, 256, 3)
    assert labelled.pixels[:, 9, 9].tolist() == [
        [0, 7, 7],
        [0] * 3,
        [1, 7, 7],
        [1, 7, 7],
        [2, 7, 7],
    ]
    boxes = [t["boxes"].tolist() for t in labelled.targets(0.5)]
    box = [0.0, 64.0, 128.0, 256.0]
    assert boxes == [[], [], [box], [box], [box, box]]
    assert labelled.rows("train").tolist() == [0, 4]


def test_held_out_images_must_be_there(images: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"1 held-out images.*sea/z\.png"):
        _label(images, {"sea/z.png": "test"}, tmp_path / "out")


def test_something_must_be_left_to_train_on(images: Path, tmp_path: Path) -> None:
    names = ["b.png", "broken.jpg", "c.png", "copy_of_c.png", "sea/a.png"]
    with pytest.raises(UserError, match="all 5 images are held out"):
        _label(images, dict.fromkeys(names, "test"), tmp_path / "out")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "notes.txt").write_text("nothing to see", encoding="utf-8")
    with pytest.raises(UserError, match="none of the 1 images can be read"):
        _label(tmp_path / "photos", {}, tmp_path / "out")


def test_splits_are_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "splits.csv"
    path.write_text("split,name\ntest,NA\ntune,007\n", encoding="utf-8")
    assert read_splits(path) == {"NA": "test", "007": "tune"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [("name,split\na.jpg,dev\n", "a.jpg has split 'dev'; allowed: tune, test"), ("a\n", "name")],
)
def test_wrong_splits_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "splits.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=fault):
        read_splits(path)
