"""Reading the teacher's output, and saying what is missing where it cannot run."""

import numpy as np
import pytest

from pipeline.detector_training.dataset import CLASSES
from pipeline.detector_training.labels import teacher
from pipeline.detector_training.labels.teacher import Teacher, decode


def _row(coco_id: int, score: float, *corners: float) -> list[float]:
    return [0.0, float(coco_id), score, *corners]


def test_coco_ids_become_class_indices() -> None:
    ids = {1: "person", 13: "stop sign", 44: "bottle", 90: "toothbrush"}
    rows = np.array([_row(i, 0.9, 0.1, 0.1, 0.5, 0.5) for i in ids], np.float32)
    assert [CLASSES[c] for c in decode(rows, 0.5).classes] == list(ids.values())


def test_rows_come_best_first_clipped_and_only_if_real() -> None:
    rows = np.array(
        [
            _row(1, 0.3, 0.0, 0.0, 0.5, 0.5),
            _row(2, 0.8, -0.1, 0.2, 1.2, 0.5),
            _row(3, 0.1, 0.0, 0.0, 0.5, 0.5),  # doubtful
            _row(4, 0.9, 0.5, 0.0, 0.5, 0.5),  # empty
            _row(12, 0.9, 0.0, 0.0, 0.5, 0.5),  # COCO has no class 12
        ],
        np.float32,
    )
    labels = decode(rows, 0.2)
    np.testing.assert_allclose(labels.boxes, [[0.0, 0.2, 1.0, 0.5], [0.0, 0.0, 0.5, 0.5]])
    np.testing.assert_allclose(labels.scores, [0.8, 0.3])
    assert labels.classes.tolist() == [2, 1]


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "find_spec", lambda name: None)
    monkeypatch.setattr(teacher, "import_module", _no_module)
    with pytest.raises(teacher.UserError, match=r"opencv.*requirements-detector\.txt"):
        Teacher()


def _no_module(name: str) -> None:
    raise ImportError(name)
