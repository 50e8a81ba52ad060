"""The only reader of params.yaml; its sections carry the names that `dvc exp run -S` uses."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from pipeline.params.base import (
    PARAMS_FILE,
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


class SampleParams(Section):
    seed: Seed
    train: Count
    dev: Count
    test: Count
    test_seed: Seed | None


class PostColumnParams(Section):
    id: Text
    image: Text
    text: Text


class ColumnParams(PostColumnParams):
    label: Text


# The key of the number of all pairs in corpus.json.
_SUM = "total"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class CorpusParams(Section):
    path: Text
    images: Text | None
    layout: Literal["csv", "mdid", "flickr8k", "flickr8k_expert", "karpathy", "clicks", "posts"]
    encoding: Text
    columns: ColumnParams
    labels: Annotated[list[Text], Field(min_length=2)]
    label_map: dict[str, Text]
    counts: Literal["ccd"] | None
    mdid_task: Literal["contextual", "semiotic", "intent"]
    mdid_split: Annotated[int, Field(ge=0, le=4)]
    expert_protocol: Literal["photo", "disjoint"]
    expert_fold: Literal["a0", "a1", "b0", "b1", "c0", "c1"]

    @field_validator("label_map", mode="before")
    @classmethod
    def _keys_as_text(cls, value: Any) -> Any:
        # Tables hold text, so `0: irrelevant` and `"0": irrelevant` mean the same.
        return {str(key): name for key, name in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _labels_agree(self) -> "CorpusParams":
        if len(set(self.labels)) < len(self.labels):
            raise ValueError(f"labels must differ from each other, got {self.labels}")
        if bad := [label for label in self.labels if label == _SUM or _CONTROL.search(label)]:
            raise ValueError(
                f"labels must be one line of text, and not {_SUM!r}, which reports call the sum;"
                f" got {bad}; label_map can rename those of the tables"
            )
        unknown = sorted(set(self.label_map.values()) - set(self.labels))
        if unknown:
            raise ValueError(f"label_map leads to {unknown}, which labels does not list")
        return self


# Where Pillow begins to warn that an image may be an attack.
MOST_PIXELS = 89_478_485


class PrepareParams(Section):
    tokenizer: Literal["glove_ruby", "glove_fixed", "plain", "cased"]
    max_words: Count
    max_bad_images: NonNegativeInt
    max_pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS)]


class ComputeParams(Section):
    engine: Literal["local", "ray"]
    workers: Count | None
    training_processes: Count


# Module in pipeline/encoders/detectors by detector: a new detector is named nowhere else.
DETECTORS = {
    "fasterrcnn_lite": "lite",
    "fasterrcnn_resnet50_fpn": "torchvision",
    "fasterrcnn_resnet50_fpn_v2": "torchvision",
}
# Prefix of the name of a configuration.
DETECTRON2 = "detectron2:"


_NAMED = (*DETECTORS, "precomputed")
_CONFIGURED = f"{DETECTRON2}<configuration>.yaml"


def _check_detector(value: str) -> str:
    if value not in _NAMED and not re.fullmatch(rf"{DETECTRON2}.+\.yaml", value):
        raise ValueError(f"is {value!r}; allowed: {', '.join(_NAMED)} or {_CONFIGURED}")
    return value


DetectorName = Annotated[
    str,
    AfterValidator(_check_detector),
    Field(json_schema_extra={"allowed": " | ".join((*_NAMED, _CONFIGURED))}),
]


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


SceneNetwork = Literal["efficientnet_lite0", "resnet18", "inception_v3"]


class SceneParams(Section):
    encoder: SceneNetwork
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


NOT_PRETRAINED = "none"
# A folder's name and no path, so that it stays where DVC sees it.
FolderName = Annotated[
    str,
    StringConstraints(pattern=r"^\w[\w.-]*$"),
    Field(json_schema_extra={"allowed": "the name of a folder"}),
]


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
    vote_norm: Literal["none", "batch"]
    pretrained: FolderName
    scenes: Literal["none", "scenes.h5"]

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
    product: bool

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
    summary: bool


class FusionParams(Section):
    lambda_: NonNegative = Field(alias="lambda")
    eta: NonNegative


class LossParams(Section):
    classification: Literal["cross_entropy", "class_weighted", "focal"]
    focal_gamma: NonNegative
    alpha: NonNegative
    beta: NonNegative
    inv_squared: bool
    orth_squared: bool
    orth_norm: Literal["sum", "div_dim"]
    eps: NonNegative
    reduction: Literal["mean", "sum"]


class TrainParams(Section):
    seed: Seed
    epochs: Count
    batch_size: Count
    lr: Positive
    weight_decay: NonNegative
    clip_norm: Positive
    patience: Count
    device: Device


class ClassifierTrainParams(TrainParams):
    select_by: Literal["f1_weighted", "f1_macro"]
    encoder_rate: NonNegative
    frozen_epochs: NonNegativeInt


class EvaluateParams(Section):
    bootstrap: NonNegativeInt
    seed: Seed


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
    train: ClassifierTrainParams
    evaluate: EvaluateParams

    @model_validator(mode="after")
    def _local_files_are_tracked(self) -> "Params":
        configuration = self.regions.detector.partition("detectron2:")[2]
        require_tracked(
            {
                "regions.detector": configuration,
                "regions.weights": self.regions.weights,
                "scenes.weights": self.scenes.weights,
                "glove.vectors": self.glove.vectors,
                "bert.model": self.bert.model,
            }
        )
        return self

    @model_validator(mode="after")
    def _loss_can_be_shared(self) -> "Params":
        if self.compute.training_processes > 1 and self.loss.reduction == "sum":
            raise ValueError(
                "compute.training_processes must be 1 with loss.reduction = 'sum': only the parts"
                " of a mean add up"
            )
        return self

    @model_validator(mode="after")
    def _normalisation_sees_whole_batches(self) -> "Params":
        if self.compute.training_processes > 1 and self.model.vote_norm == "batch":
            raise ValueError(
                "compute.training_processes must be 1 with model.vote_norm = 'batch', which needs"
                " whole batches"
            )
        return self


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml.

    Raises:
        UserError: the file is missing or no YAML, or a value is wrong; one line per fault with
            key, value and what is allowed.
    """
    return read_section(Params, path)
