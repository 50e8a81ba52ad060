"""The evaluation's report: agreement, linear probe, speed, and a grid of images."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pipeline.detector_training.dataset import LabelledImages
from pipeline.detector_training.evaluation.agreement import (
    MIN_TEACHER_SCORE,
    agreement,
    detect_rows,
)
from pipeline.detector_training.evaluation.drawing import draw_images
from pipeline.detector_training.evaluation.probe import (
    difference_interval,
    image_means,
    linear_probe,
    mean_fc7,
    mean_precision,
    probe_parts,
)
from pipeline.detector_training.evaluation.speed import measure_speed
from pipeline.encoders.detectors.lite import FasterRCNNLite
from pipeline.params.detector import EvaluateParams

# Of most boxes; the counts without it show what else was learned.
_COMMONEST = "person"


def measure(
    model: FasterRCNNLite, dataset: LabelledImages, params: EvaluateParams
) -> dict[str, Any]:
    """Metrics on the test images; agreement by top folder."""
    groups = _groups(dataset, dataset.rows("test"))
    return {
        "agreement": {name: _agreement(model, dataset, rows) for name, rows in groups.items()},
        "probe_map": _probe(model, dataset, params),
        "speed": {"threads": torch.get_num_threads(), **measure_speed(model)},
    }


def draw_held_out(model: FasterRCNNLite, dataset: LabelledImages, images: int) -> Image.Image:
    """The first test images, an equal number of each top folder, with their regions."""
    groups = _groups(dataset, dataset.rows("test"))
    each = -(-images // len(groups))
    rows = np.concatenate([rows[:each] for rows in groups.values()])[:images]
    return draw_images(dataset.images(rows), list(detect_rows(model, dataset, rows)), model.classes)


def _groups(dataset: LabelledImages, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    names = dataset.table["name"]
    folders = np.array([name.rpartition("/")[0].partition("/")[0] for name in names])
    return {str(f) or "photos": rows[folders[rows] == f] for f in np.unique(folders[rows])}


def _agreement(
    model: FasterRCNNLite, dataset: LabelledImages, rows: NDArray[np.int64]
) -> dict[str, Any]:
    detections = list(detect_rows(model, dataset, rows))
    targets = dataset.targets(MIN_TEACHER_SCORE)
    everything = [targets[row] for row in rows]
    person = model.classes.index(_COMMONEST)
    others = [{k: x[t["labels"] != person] for k, x in t.items()} for t in everything]
    return {
        "photos": len(rows),
        "all": agreement(detections, everything).figures(),
        f"without_{_COMMONEST}": agreement(detections, others).figures(),
    }


def _probe(
    model: FasterRCNNLite, dataset: LabelledImages, params: EvaluateParams
) -> dict[str, Any]:
    """Mean average precision of fc7, of the detector's trunk (320-d), of ImageNet's last layer
    (1280-d) and of an untrained fc7; and the difference between fc7 and the trunk."""
    torch.manual_seed(params.seed)
    untrained = FasterRCNNLite(model.classes).eval()
    parts = probe_parts(dataset, params.classes)
    vectors = {
        split: {
            "fc7": mean_fc7(model, dataset, part.rows),
            **image_means(model, dataset, part.rows),
            "random_fc7": mean_fc7(untrained, dataset, part.rows),
        }
        for split, part in parts.items()
    }
    logits = {
        name: linear_probe({split: of[name] for split, of in vectors.items()}, parts)
        for name in vectors["test"]
    }
    present = parts["test"].present
    precisions = {name: mean_precision(present, x) for name, x in logits.items()}
    low, high = difference_interval(
        present, logits["fc7"], logits["trunk"], params.resamples, params.seed
    )
    difference = {"by": precisions["fc7"] - precisions["trunk"], "low": low, "high": high}
    return precisions | {"fc7_ahead_of_trunk": difference}
