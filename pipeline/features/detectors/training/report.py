"""All that evaluate reports: agreement, the probe, speed, and a picture to look at."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

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
    pooled,
    probe_parts,
)
from pipeline.features.detectors.training.speed import measure_speed
from pipeline.features.efficientnet_lite import load_imagenet_head, load_imagenet_trunk

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


def _probe(
    model: FasterRCNNLite, photos: LabelledPhotos, params: EvaluateParams
) -> dict[str, float]:
    """Of fc7, of the detector's trunk (320-d), of ImageNet's (1280-d), of an untrained fc7."""
    torch.manual_seed(params.seed)
    untrained = FasterRCNNLite(model.classes).eval()
    imagenet = nn.Sequential(load_imagenet_trunk(), _LastMap(), load_imagenet_head(), nn.ReLU6())
    features: dict[str, Callable[[NDArray[np.int64]], Matrix]] = {
        "fc7": partial(mean_fc7, model, photos),
        "trunk": partial(pooled, nn.Sequential(model.backbone.trunk, _LastMap()), photos),
        "imagenet": partial(pooled, imagenet, photos),
        "random_fc7": partial(mean_fc7, untrained, photos),
    }
    parts = probe_parts(photos, params.classes, params.probe_photos, params.seed)
    return {
        name: linear_probe({split: of(part.rows) for split, part in parts.items()}, parts)
        for name, of in features.items()
    }


class _LastMap(nn.Module):
    def forward(self, maps: list[Tensor]) -> Tensor:
        return maps[-1]
