"""The parameters of stages/pretrain."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.params import matching
from pipeline.params.base import (
    Count,
    Device,
    Dropout,
    NonNegative,
    Positive,
    Section,
    Seed,
    Text,
    read_section,
)
from pipeline.params.matching import CorrectionParams, Share
from pipeline.params.project import ColumnParams, CorpusParams, PostColumnParams

LABEL = "match"  # of every pair
PARAMS_FILE = Path("stages/pretrain/params.yaml")


class PostsParams(Section):
    """A corpus of which only images and texts are read."""

    path: Text
    images: Text | None
    layout: Literal["posts", "flickr8k", "karpathy"]
    encoding: Text
    columns: PostColumnParams

    def as_corpus(self, main: CorpusParams) -> CorpusParams:
        """This corpus in the form of the main pipeline's."""
        own = self.model_dump(exclude={"columns"})
        columns = ColumnParams(**self.columns.model_dump(), label="label")
        fixed = {"columns": columns, "labels": [LABEL, f"no-{LABEL}"], "label_map": {}}
        return main.model_copy(update={**own, **fixed, "counts": None})


class NoiseParams(Section):
    rate: Share
    seed: Seed


class LossParams(matching.LossParams):
    """target_temperature: of InfoNCE's targets; 0 for the given pairs alone."""

    target_temperature: NonNegative

    @model_validator(mode="after")
    def _only_infonce_has_targets(self) -> "LossParams":
        if self.target_temperature and self.name != "infonce":
            raise ValueError(
                f"target_temperature must be 0 with name = {self.name!r}: only infonce has targets"
            )
        return self


class TrainParams(Section):
    seed: Seed
    stages: Annotated[list[Count], Field(min_length=1)]
    batch_size: Annotated[int, Field(ge=2)]
    lr: Positive
    decay: Literal["none", "linear"]
    clip_norm: Positive
    drop_words: Dropout
    drop_regions: Dropout
    device: Device


class PretrainParams(Section):
    """stages/pretrain/params.yaml as a whole."""

    corpus: PostsParams
    noise: NoiseParams
    loss: LossParams
    correction: CorrectionParams
    train: TrainParams


def load_pretrain_params(path: Path = PARAMS_FILE) -> PretrainParams:
    """Read and check stages/pretrain/params.yaml; UserError names every fault."""
    return read_section(PretrainParams, path)
