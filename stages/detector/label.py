"""Label the photos with the teacher."""

from pathlib import Path

from pipeline.corpus.images import ImageSource
from pipeline.features.detectors.training.labelling import label_photos, read_splits
from pipeline.features.detectors.training.params import load_detector_params
from pipeline.features.detectors.training.teacher import Teacher
from stages import run
from stages.detector import paths


def main() -> None:
    params = load_detector_params().label
    splits = read_splits(Path(params.held_out))
    with ImageSource.open(Path(params.photos)) as source:
        label_photos(source, splits, Teacher(), params.min_score, paths.LABELLED)


if __name__ == "__main__":
    run(main)
