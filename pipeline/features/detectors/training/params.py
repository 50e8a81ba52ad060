"""The parameters of stages/detector: read from its own params.yaml and checked."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.params import (
    Count,
    NonNegative,
    NonNegativeInt,
    Positive,
    Section,
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

    rare_below: photos with a class in a smaller fraction of the photos are seen more often.
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
    seed: NonNegativeInt
    threads: Count


class EvaluateParams(Section):
    """classes: how many of the most frequent ones the linear probe tells apart.

    resamples: of the test photos, for the interval of what fc7 is ahead of the trunk.
    """

    classes: Count
    resamples: Count
    pictures: Count
    seed: NonNegativeInt


class DetectorParams(Section):
    """stages/detector/params.yaml as a whole."""

    label: LabelParams
    train: TrainParams
    evaluate: EvaluateParams


def load_detector_params() -> DetectorParams:
    """Read and check stages/detector/params.yaml; UserError names every fault."""
    return read_section(DetectorParams, PARAMS_FILE)
