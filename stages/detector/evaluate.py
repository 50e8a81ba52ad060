"""Evaluate the student against its teacher on the held-out images."""

import json

from pipeline.core.device import keep_freed_memory
from pipeline.detector_training.dataset import LabelledImages
from pipeline.detector_training.evaluation.report import draw_held_out, measure
from pipeline.encoders.detectors.lite import read_lite
from pipeline.files import write_text
from pipeline.params.detector import load_detector_params
from stages import run
from stages.detector import paths


def main() -> None:
    params = load_detector_params().evaluate
    keep_freed_memory()
    dataset = LabelledImages.load(paths.LABELLED)
    model = read_lite(paths.WEIGHTS)
    figures = measure(model, dataset, params)
    write_text(paths.METRICS, json.dumps(figures, indent=2) + "\n")
    draw_held_out(model, dataset, params.images).save(paths.IMAGES)


if __name__ == "__main__":
    run(main)
