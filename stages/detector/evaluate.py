"""Compare the student with its teacher on the held-out photos."""

import json

from pipeline.features.detectors.lite import read_lite
from pipeline.features.detectors.training.dataset import LabelledPhotos
from pipeline.features.detectors.training.params import load_detector_params
from pipeline.features.detectors.training.report import draw_held_out, measure
from pipeline.memory import keep_freed_memory
from stages import run
from stages.detector import paths


def main() -> None:
    params = load_detector_params().evaluate
    keep_freed_memory()
    photos = LabelledPhotos.load(paths.LABELLED)
    model = read_lite(paths.WEIGHTS)
    paths.METRICS.parent.mkdir(parents=True, exist_ok=True)
    figures = measure(model, photos, params)
    paths.METRICS.write_text(json.dumps(figures, indent=2) + "\n")
    draw_held_out(model, photos, params.pictures).save(paths.PICTURES)


if __name__ == "__main__":
    run(main)
