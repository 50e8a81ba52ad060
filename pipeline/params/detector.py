"""The parameters of stages/detector."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.params.base import (
    Count,
    NonNegative,
    Positive,
    Section,
    Seed,
    Text,
    read_section,
)

PARAMS_FILE = Path("stages/detector/params.yaml")

Fraction = Annotated[float, Field(ge=0, le=1)]


class LabelParams(Section):
    """photos: a folder or zip archive. held_out: a CSV file of names and splits."""

    photos: Text
    held_out: Text
    min_score: Fraction


class TrainParams(Section):
    """full_size_from: the fraction of the steps after which every input has its full size.

    rare_below: images with a class in a smaller fraction of the images are sampled more often.
    """

    steps: Count
    batch_size: Count
    min_score: Fraction
    full_size_from: Fraction
    rare_below: Fraction
    warmup_steps: Count
    rate: Positive
    distillation: NonNegative
    presence_penalty: Positive
    weight_decay: NonNegative
    checkpoint_every: Count
    seed: Seed
    threads: Count


class EvaluateParams(Section):
    """classes: of the linear probe, the most frequent ones.

    resamples: of the test images, for the interval of the difference between fc7 and the trunk.
    """

    classes: Count
    resamples: Count
    images: Count
    seed: Seed


class DetectorParams(Section):
    """stages/detector/params.yaml as a whole."""

    label: LabelParams
    train: TrainParams
    evaluate: EvaluateParams


def load_detector_params() -> DetectorParams:
    """Read and check stages/detector/params.yaml; UserError names every fault."""
    return read_section(DetectorParams, PARAMS_FILE)
