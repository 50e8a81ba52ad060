"""All that evaluate reports: agreement, the probe, speed, and a picture to look at."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pipeline.features.detectors.lite import FasterRCNNLite
from pipeline.features.detectors.training.dataset import LabelledPhotos
from pipeline.features.detectors.training.drawing import draw_photos
from pipeline.features.detectors.training.evaluation import (
    MIN_TEACHER_SCORE,
    agreement,
    detect_rows,
)
from pipeline.features.detectors.training.params import EvaluateParams
from pipeline.features.detectors.training.probe import (
    Matrix,
    difference_interval,
    linear_probe,
    mean_fc7,
    mean_precision,
    picture_means,
    probe_parts,
)
from pipeline.features.detectors.training.speed import measure_speed

# Most boxes on photos that people take; without it, one sees what else was learned.
_COMMONEST = "person"


def measure(
    model: FasterRCNNLite, photos: LabelledPhotos, params: EvaluateParams
) -> dict[str, Any]:
    """Figures on the test photos, by the top folder they lie in."""
    groups = _groups(photos, photos.rows("test"))
    return {
        "agreement": {name: _agreement(model, photos, rows) for name, rows in groups.items()},
        "probe_map": _probe(model, photos, params),
        "speed": {"threads": torch.get_num_threads(), **measure_speed(model)},
    }


def draw_held_out(model: FasterRCNNLite, photos: LabelledPhotos, pictures: int) -> Image.Image:
    """The first test photos, an equal number of each top folder, with their regions."""
    groups = _groups(photos, photos.rows("test"))
    each = -(-pictures // len(groups))
    rows = np.concatenate([rows[:each] for rows in groups.values()])[:pictures]
    return draw_photos(photos.images(rows), list(detect_rows(model, photos, rows)), model.classes)


def _groups(photos: LabelledPhotos, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    folders = np.array([name.rpartition("/")[0].partition("/")[0] for name in photos.table["name"]])
    return {str(f) or "photos": rows[folders[rows] == f] for f in np.unique(folders[rows])}


def _agreement(
    model: FasterRCNNLite, photos: LabelledPhotos, rows: NDArray[np.int64]
) -> dict[str, Any]:
    detections = list(detect_rows(model, photos, rows))
    targets = photos.targets(MIN_TEACHER_SCORE)
    everything = [targets[row] for row in rows]
    person = model.classes.index(_COMMONEST)
    others = [{k: x[t["labels"] != person] for k, x in t.items()} for t in everything]
    return {
        "photos": len(rows),
        "all": agreement(detections, everything).figures(),
        f"without_{_COMMONEST}": agreement(detections, others).figures(),
    }


def _probe(model: FasterRCNNLite, photos: LabelledPhotos, params: EvaluateParams) -> dict[str, Any]:
    """Of fc7, of the detector's trunk (320-d), of ImageNet's (1280-d), of an untrained fc7; and
    how far fc7 is ahead of the trunk."""
    torch.manual_seed(params.seed)
    untrained = FasterRCNNLite(model.classes).eval()
    parts = probe_parts(photos, params.classes)
    vectors = {split: _vectors(model, untrained, photos, p.rows) for split, p in parts.items()}
    logits = {
        name: linear_probe({split: of[name] for split, of in vectors.items()}, parts)
        for name in vectors["test"]
    }
    present = parts["test"].present
    precisions = {name: mean_precision(present, x) for name, x in logits.items()}
    low, high = difference_interval(
        present, logits["fc7"], logits["trunk"], params.resamples, params.seed
    )
    ahead = {"by": precisions["fc7"] - precisions["trunk"], "low": low, "high": high}
    return precisions | {"fc7_ahead_of_trunk": ahead}


def _vectors(
    model: FasterRCNNLite,
    untrained: FasterRCNNLite,
    photos: LabelledPhotos,
    rows: NDArray[np.int64],
) -> dict[str, Matrix]:
    return {
        "fc7": mean_fc7(model, photos, rows),
        **picture_means(model, photos, rows),
        "random_fc7": mean_fc7(untrained, photos, rows),
    }
