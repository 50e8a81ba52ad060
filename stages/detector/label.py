"""Label the images with the teacher."""

from pathlib import Path

from pipeline.detector_training.labels.labelling import label_images, read_splits
from pipeline.detector_training.labels.teacher import Teacher
from pipeline.images.source import ImageSource
from pipeline.params.detector import load_detector_params
from stages import run
from stages.detector import paths


def main() -> None:
    params = load_detector_params().label
    splits = read_splits(Path(params.held_out))
    with ImageSource.open(Path(params.photos)) as source:
        label_images(source, splits, Teacher(), params.min_score, paths.LABELLED)


if __name__ == "__main__":
    run(main)
