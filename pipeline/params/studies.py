"""The parameters of stages/studies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StringConstraints, model_validator

from pipeline.errors import UserError
from pipeline.params.base import (
    Changes,
    Count,
    Device,
    NonNegative,
    Section,
    Seed,
    Text,
    check_section,
    read_section,
    require_tracked,
)
from pipeline.params.project import NOT_PRETRAINED, FolderName, Params
from pipeline.paths import SHIPPED_ANANET

PARAMS_FILE = Path("stages/studies/params.yaml")

# The encoders that come with the project, on which every series depends.
SHIPPED = SHIPPED_ANANET.name
Fraction = Annotated[float, Field(gt=0, lt=1)]
# Part of the names of stages and files.
RowName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
RowT = TypeVar("RowT", bound=Section)


class BaselineParams(Section):
    """One row that is not AnANet.

    model: a module of pipeline/models. reads: the feature file of its images, without .h5.
    widths: the model's own parameters.
    """

    model: Text
    reads: Literal["regions", "scenes"]
    text: Literal["glove", "glove+bert", "bert"]
    widths: dict[str, Any]


class ClipParams(Section):
    """One dual encoder, whose row is a linear head on its embeddings.

    model: a local folder, or a hub id with its revision, the commit in 40 hex digits.
    """

    model: Text
    revision: Text | None
    device: Device


class VariantParams(Section):
    """One row that is AnANet.

    pretrained: `model.pretrained`, apart so that DVC sees which encoders a row starts from.
    changes: of params.yaml.
    """

    pretrained: FolderName
    changes: Changes


class SweepParams(Section):
    """The grid of Fig. 4, every lambda with every eta."""

    lambda_: Annotated[list[NonNegative], Field(alias="lambda", min_length=1)]
    eta: Annotated[list[NonNegative], Field(min_length=1)]
    seeds: Count


class LearningCurveParams(Section):
    """fractions: of the train split, besides all of it."""

    fractions: Annotated[list[Fraction], Field(min_length=1)]
    variants: Annotated[list[Text], Field(min_length=1)]
    seeds: Count


class LabelNoiseParams(Section):
    """rates: fractions of the train labels that are replaced by another class, besides none."""

    rates: Annotated[list[Fraction], Field(min_length=1)]
    variants: Annotated[list[Text], Field(min_length=1)]
    seeds: Count


class ReportParams(Section):
    """resamples: of the bootstrap. bins, calibrated: of the reliability plot, and its variants."""

    resamples: Count
    seed: Seed
    bins: Count
    calibrated: list[Text]


def named(rows: Mapping[str, RowT], kind: str, name: str) -> RowT:
    """The row of this name.

    Raises:
        UserError: there is none; the message says of which kind.
    """
    if name not in rows:
        raise UserError(f"{PARAMS_FILE}: no {kind} {name!r}; there are: {', '.join(rows)}")
    return rows[name]


class StudyParams(Section):
    """stages/studies/params.yaml as a whole."""

    seeds: Count
    workers: Count
    settings: Changes
    baselines: dict[str, BaselineParams]
    clip: dict[RowName, ClipParams]
    variants: dict[str, VariantParams]
    sweep: SweepParams
    learning_curve: LearningCurveParams
    label_noise: LabelNoiseParams
    report: ReportParams

    @model_validator(mode="after")
    def _rows_differ(self) -> "StudyParams":
        if taken := sorted({*self.clip} & {*self.baselines, *self.variants}):
            raise ValueError(f"clip: {taken} are names of other rows")
        return self

    @model_validator(mode="after")
    def _series_see_their_encoders(self) -> "StudyParams":
        for curve in (self.learning_curve, self.label_noise):
            for name in curve.variants:
                row = self.variants.get(name)
                if row and row.pretrained not in (NOT_PRETRAINED, SHIPPED):
                    raise ValueError(
                        f"variants.{name}.pretrained = {row.pretrained!r}, but variants of a curve"
                        f" start from {NOT_PRETRAINED} or {SHIPPED}"
                    )
        return self

    @model_validator(mode="after")
    def _local_models_are_tracked(self) -> "StudyParams":
        require_tracked({f"clip.{name}.model": row.model for name, row in self.clip.items()})
        return self


def load_study_params(path: Path = PARAMS_FILE) -> StudyParams:
    """Read and check stages/studies/params.yaml; UserError names every fault."""
    return read_section(StudyParams, path)


def changed(params: Params, *changes: Changes) -> Params:
    """The project's parameters with values of some sections replaced; later changes win.

    Raises:
        UserError: a value is not allowed, or there is no such parameter.
    """
    values = params.model_dump(by_alias=True)
    for change in changes:
        for section, settings in change.items():
            values[section] = values.get(section, {}) | settings
    return check_section(Params, values, f"{PARAMS_FILE} over params.yaml")


def variant_params(params: Params, study: StudyParams, row: VariantParams) -> Params:
    """The project's parameters as a variant changes them; raises as `changed`."""
    encoders = {"model": {"pretrained": row.pretrained}}
    return changed(params, study.settings, encoders, row.changes)
