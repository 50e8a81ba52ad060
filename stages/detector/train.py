"""Train the student on the labelled photos."""

import torch

from pipeline.features.detectors.training.checkpoint import save_weights
from pipeline.features.detectors.training.dataset import LabelledPhotos
from pipeline.features.detectors.training.params import load_detector_params
from pipeline.features.detectors.training.teacher import CLASSES
from pipeline.features.detectors.training.training import train
from pipeline.memory import keep_freed_memory
from stages import run
from stages.detector import paths


def main() -> None:
    params = load_detector_params().train
    torch.set_num_threads(params.threads)
    keep_freed_memory()
    photos = LabelledPhotos.load(paths.LABELLED)
    save_weights(paths.WEIGHTS, train(photos, CLASSES, params, paths.CHECKPOINT))
    paths.CHECKPOINT.unlink()  # so that the next run of the stage begins anew


if __name__ == "__main__":
    run(main)
