"""The only reader of params.yaml: typed, frozen, and checked before anything else is loaded."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import UserError

PARAMS_FILE = Path("params.yaml")

Count = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Text = Annotated[str, StringConstraints(min_length=1)]


def _check_device(value: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise ValueError(f"is {value!r}; allowed: auto, cpu, cuda or cuda:N")
    return value


Device = Annotated[str, AfterValidator(_check_device)]


class Section(BaseModel):
    """One section of params.yaml. Strict: a number in quotes is not a number."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", populate_by_name=True)


SectionT = TypeVar("SectionT", bound=Section)


class SampleParams(Section):
    seed: NonNegativeInt
    train: Count
    dev: Count
    test: Count


class ColumnParams(Section):
    id: Text
    image: Text
    text: Text
    label: Text


class CorpusParams(Section):
    path: Text
    images: Text
    layout: Literal["csv", "mdid", "flickr8k", "karpathy", "clicks"]
    encoding: Text
    columns: ColumnParams
    labels: Annotated[list[Text], Field(min_length=2)]
    label_map: dict[str, Text]
    counts: Literal["ccd"] | None
    mdid_task: Literal["contextual", "semiotic", "intent"]
    mdid_split: Annotated[int, Field(ge=0, le=4)]

    @field_validator("label_map", mode="before")
    @classmethod
    def _keys_as_text(cls, value: Any) -> Any:
        # Tables hold text, so `0: irrelevant` and `"0": irrelevant` mean the same.
        return {str(key): name for key, name in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _labels_agree(self) -> "CorpusParams":
        if len(set(self.labels)) < len(self.labels):
            raise ValueError(f"labels must differ from each other, got {self.labels}")
        unknown = sorted(set(self.label_map.values()) - set(self.labels))
        if unknown:
            raise ValueError(f"label_map leads to {unknown}, which labels does not list")
        return self


class PrepareParams(Section):
    tokenizer: Literal["glove_ruby", "glove_fixed", "plain"]
    max_words: Count
    max_bad_images: NonNegativeInt


class ComputeParams(Section):
    engine: Literal["local", "ray"]
    workers: Count | None
    training_processes: Count


_DETECTORS = (
    "fasterrcnn_lite",
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
    "precomputed",
)


def _check_detector(value: str) -> str:
    if value not in _DETECTORS and not re.fullmatch(r"detectron2:.+\.yaml", value):
        raise ValueError(
            f"is {value!r}; allowed: {', '.join(_DETECTORS)} or detectron2:<configuration>.yaml"
        )
    return value


DetectorName = Annotated[str, AfterValidator(_check_detector)]


class RegionParams(Section):
    detector: DetectorName
    weights: Text | None
    count: Count
    input: Literal["native", "square224"]
    select: Literal["top_conf", "rpn_order"]
    compile_trunk: bool
    device: Device

    @model_validator(mode="after")
    def _precomputed_has_a_path(self) -> "RegionParams":
        if self.detector == "precomputed" and self.weights is None:
            raise ValueError(
                "weights must be the file or folder of the regions with detector = 'precomputed'"
            )
        return self


class SceneParams(Section):
    encoder: Literal["efficientnet_lite0", "resnet18", "inception_v3"]
    weights: Text | None
    device: Device


class GloveParams(Section):
    vectors: Text
    oov: Literal["mean", "zero"]


class BertParams(Section):
    model: Text
    revision: Text | None
    layer: int
    merge: Literal["mean", "first", "last", "max"]
    device: Device


class ModelParams(Section):
    streams: Literal["both", "association", "alignment", "none"]
    text: Literal["glove+bert", "glove", "bert"]
    hidden: Count
    bigru_merge: Literal["concat", "mean", "sum"]
    dropout: Dropout
    mask_padding: bool
    region_order: Literal["conf", "area", "raster"]
    region_scaling: Literal["standardize", "none"]
    concat_hidden: NonNegativeInt

    @model_validator(mode="after")
    def _hidden_splits(self) -> "ModelParams":
        if self.bigru_merge == "concat" and self.hidden % 2:
            raise ValueError(
                f"hidden = {self.hidden} must be even with bigru_merge = 'concat',"
                " which gives each direction one half"
            )
        return self


class AssociationParams(Section):
    d_inv: Count
    d_var: Count
    features: Literal["inv", "var", "raw", "var+raw", "inv+raw", "inv+var", "inv+var+raw"]
    orthogonality: Literal["wtp", "wpt", "feature"]

    @model_validator(mode="after")
    def _widths_agree(self) -> "AssociationParams":
        if self.orthogonality != "wpt" and self.d_inv != self.d_var:
            raise ValueError(
                f"d_inv = {self.d_inv} and d_var = {self.d_var} must be equal"
                f" with orthogonality = {self.orthogonality!r} (only 'wpt' takes different widths)"
            )
        return self


class AlignmentParams(Section):
    softmax_axis: Literal["last", "first"]
    scale: Literal["none", "sqrt_d", "cosine"]
    temperature: Positive


class FusionParams(Section):
    lambda_: NonNegative = Field(alias="lambda")
    eta: NonNegative


class LossParams(Section):
    alpha: NonNegative
    beta: NonNegative
    inv_squared: bool
    orth_squared: bool
    orth_norm: Literal["sum", "div_dim"]
    eps: NonNegative
    reduction: Literal["mean", "sum"]


class TrainParams(Section):
    seed: NonNegativeInt
    epochs: Count
    batch_size: Count
    lr: Positive
    weight_decay: NonNegative
    clip_norm: Positive
    patience: Count
    device: Device


class EvaluateParams(Section):
    bootstrap: NonNegativeInt
    seed: NonNegativeInt


class Params(Section):
    """params.yaml as a whole; its sections carry the names that `dvc exp run -S` uses."""

    sample: SampleParams
    corpus: CorpusParams
    prepare: PrepareParams
    compute: ComputeParams
    regions: RegionParams
    scenes: SceneParams
    glove: GloveParams
    bert: BertParams
    model: ModelParams
    association: AssociationParams
    alignment: AlignmentParams
    fusion: FusionParams
    loss: LossParams
    train: TrainParams
    evaluate: EvaluateParams

    @model_validator(mode="after")
    def _loss_can_be_shared(self) -> "Params":
        if self.compute.training_processes > 1 and self.loss.reduction == "sum":
            raise ValueError(
                "compute.training_processes must be 1 with loss.reduction = 'sum': only the parts"
                " of a mean add up"
            )
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml.

    Raises:
        UserError: the file is missing or no YAML, or a value is wrong; one line per fault with
            key, value and what is allowed.
    """
    return read_section(Params, path)


def read_section(kind: type[SectionT], path: Path) -> SectionT:
    """Read a YAML (or JSON) file that holds one section, and check it as `load_params` does.

    It is read as YAML 1.2, the dialect that DVC writes: `3e-5` is a number there, and would be
    text to a YAML 1.1 reader.
    """
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found; run this from the project's root") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML in UTF-8: {error}") from None
    return check_section(kind, raw, str(path))


def check_section(kind: type[SectionT], raw: Any, source: str) -> SectionT:
    """Make a section of what a file held.

    Raises:
        UserError: a value is wrong; names the source, and each fault in a line of its own.
    """
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        faults = [_describe(fault, kind) for fault in error.errors()]
        raise UserError(f"{source} has {len(faults)} fault(s):\n" + "\n".join(faults)) from None


def _describe(fault: Any, kind: type[Section]) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "params"
    if fault["type"] == "missing":
        return f"  {key}: is missing"
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_known_keys(kind, fault["loc"][:-1]))
        return f"  {key}: no such parameter; known here: {known}"
    reason = fault["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if fault["type"] == "value_error":
        return f"  {key}: {reason}"
    return f"  {key} = {fault['input']!r}: {reason}"


def _known_keys(kind: type[Section], location: Sequence[int | str]) -> list[str]:
    model: Any = kind
    for part in location:
        is_table = get_origin(model) is dict
        model = get_args(model)[1] if is_table else model.model_fields[str(part)].annotation
    return [field.alias or name for name, field in model.model_fields.items()]
