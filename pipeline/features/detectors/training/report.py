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
    linear_probe,
    mean_fc7,
    pooled_trunk,
    probe_parts,
)
from pipeline.features.detectors.training.speed import measure_speed


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
) -> dict[str, float]:
    targets = photos.targets(MIN_TEACHER_SCORE)
    counts = agreement(detect_rows(model, photos, rows), (targets[r] for r in rows))
    return {"photos": len(rows), **counts.figures()}


def _probe(
    model: FasterRCNNLite, photos: LabelledPhotos, params: EvaluateParams
) -> dict[str, float]:
    torch.manual_seed(params.seed)
    untrained = FasterRCNNLite(model.classes).eval()
    parts = probe_parts(photos, params.classes, params.probe_photos, params.seed)

    def of(feature: Any, detector: FasterRCNNLite) -> float:
        features: dict[str, Matrix] = {
            split: feature(detector, photos, part.rows) for split, part in parts.items()
        }
        return linear_probe(features, parts)

    return {
        "fc7": of(mean_fc7, model),
        "trunk": of(pooled_trunk, model),
        "random_fc7": of(mean_fc7, untrained),
    }
