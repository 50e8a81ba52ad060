"""The parameters of stages/matching and of its noise study."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.params.base import (
    Changes,
    Count,
    Device,
    Dropout,
    NonNegative,
    NonNegativeInt,
    Positive,
    Section,
    Seed,
    Text,
    read_section,
    require_tracked,
)
from pipeline.paths import PRETRAINED

PARAMS_FILE = Path("stages/matching/params.yaml")
NOISE_STUDY_FILE = Path("stages/matching/noise_study/params.yaml")

Share = Annotated[float, Field(ge=0, le=1)]
Name = Literal["vse_infinity", "scan", "saf", "sgr", "sgraf"]
Member = Literal["vse_infinity", "scan", "saf", "sgr"]
Tokenizer = Literal["plain", "nltk"]
LossName = Literal["active_complementary", "complementary", "hinge", "infonce"]


class CorpusParams(Section):
    """Where images and captions come from, see `pipeline.matching.sources.sources`."""

    kind: Literal["captions", "pairs", "precomp"]
    labels: Annotated[list[Text], Field(min_length=1)]
    folder: Text
    test_files: Literal["test", "testall"]
    noisy: bool
    vocabulary: Text | None
    min_count: Count
    tokenizer: Tokenizer


class NoiseParams(Section):
    protocol: Literal["ncr", "decl"]
    rate: Share
    seed: Seed
    file: Text | None
    on_real: bool


class TextParams(Section):
    words: Literal["trained", "glove", "bert"]
    width: Count


class ModelParams(Section):
    name: Name
    width: Annotated[int, Field(ge=2)]
    similarity_width: Count
    graph_steps: Annotated[int, Field(ge=1, le=100)]
    smooth: Positive
    dropout: Dropout
    attention_start: Literal["pytorch", "xavier"]

    @property
    def members(self) -> tuple[Member, ...]:
        """The models whose similarities are averaged; SGRAF is two, trained separately."""
        return ("saf", "sgr") if self.name == "sgraf" else (self.name,)


class LossParams(Section):
    name: LossName
    temperature: Positive
    weight: NonNegative
    tangent: bool
    margin: Positive


class CorrectionParams(Section):
    warm_up: NonNegativeInt
    momentum: Share
    threshold: Share


class TrainParams(Section):
    seed: Seed
    stages: Annotated[list[Count], Field(min_length=1)]
    batch_size: Annotated[int, Field(ge=2)]
    lr: Positive
    decay_every: Count
    clip_norm: Positive
    drop_words: Dropout
    drop_regions: Dropout
    dropped_regions: Literal["masked", "filled"]
    device: Device


class EvaluateParams(Section):
    fold: NonNegativeInt


class MatchingParams(Section):
    """stages/matching/params.yaml as a whole."""

    corpus: CorpusParams
    noise: NoiseParams
    text: TextParams
    model: ModelParams
    loss: LossParams
    correction: CorrectionParams
    train: TrainParams
    evaluate: EvaluateParams

    @model_validator(mode="after")
    def _local_files_are_tracked(self) -> "MatchingParams":
        named = {"corpus.vocabulary": self.corpus.vocabulary, "noise.file": self.noise.file}
        require_tracked(named, PRETRAINED / "matching")
        return self


def load_matching_params(path: Path = PARAMS_FILE) -> MatchingParams:
    """Read and check stages/matching/params.yaml; UserError names every fault."""
    return read_section(MatchingParams, path)


class NoiseStudyParams(Section):
    """stages/matching/noise_study/params.yaml; settings: every run's changes of matching's."""

    components: Count
    losses: Annotated[list[LossName], Field(min_length=1)]
    rates: Annotated[list[Share], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    settings: Changes


def load_noise_study_params(path: Path = NOISE_STUDY_FILE) -> NoiseStudyParams:
    """Read and check stages/matching/noise_study/params.yaml; UserError names every fault."""
    return read_section(NoiseStudyParams, path)
