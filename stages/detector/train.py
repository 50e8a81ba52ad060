"""Train the student on the labelled images."""

import torch

from pipeline.core.device import keep_freed_memory
from pipeline.detector_training.dataset import CLASSES, LabelledImages
from pipeline.detector_training.training.checkpoint import save_weights
from pipeline.detector_training.training.training import train
from pipeline.params.detector import load_detector_params
from stages import run
from stages.detector import paths


def main() -> None:
    params = load_detector_params().train
    torch.set_num_threads(params.threads)
    keep_freed_memory()
    dataset = LabelledImages.load(paths.LABELLED)
    save_weights(paths.WEIGHTS, train(dataset, CLASSES, params, paths.CHECKPOINT))
    paths.CHECKPOINT.unlink()  # so that the next run of the stage begins anew


if __name__ == "__main__":
    run(main)
