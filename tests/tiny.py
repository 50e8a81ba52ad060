"""Small configurations for tests: the defaults of params.yaml with widths that cost nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from pipeline.models.ananet import AnANet, AnANetConfig
from pipeline.models.classifier import SceneDims
from pipeline.params.project import Params, load_params

ROOT = Path(__file__).parent.parent
WIDTHS = {"model.hidden": 6, "association.d_inv": 4, "association.d_var": 4}
SCENE = SceneDims(pooled=4, grid=2, cells=3)
PAPER_WIDTHS = {"model.hidden": 1024, "association.d_inv": 200, "association.d_var": 200}


def tiny_params(changes: Mapping[str, Any] | None = None) -> Params:
    """params.yaml with `changes` by dotted key, e.g. {"fusion.lambda": 0.7}."""
    values = load_params(ROOT / "params.yaml").model_dump(by_alias=True)
    for key, value in {**WIDTHS, **(changes or {})}.items():
        section, name = key.split(".")
        assert name in values[section]
        values[section][name] = value
    return Params.model_validate(values)


def tiny_config(changes: Mapping[str, Any] | None = None, **fields: Any) -> AnANetConfig:
    """A model of five regions and seven words, and with `model.scenes` of the scene SCENE.

    fields: those of `AnANetConfig` itself.
    """
    params = tiny_params(changes)
    own: dict[str, Any] = {
        "labels": ["irrelevant", "implicit", "explicit"],
        "region_dim": 5,
        "word_dim": 3,
        "regions": 5,
        "max_words": 7,
        "encoders": {},
        "scene": SceneDims() if params.model.scenes == "none" else SCENE,
    }
    return AnANetConfig(
        model=params.model,
        association=params.association,
        alignment=params.alignment,
        fusion=params.fusion,
        loss=params.loss,
        **{**own, **fields},
    )


def opinionated(model: AnANet) -> AnANet:
    """The model with classifiers that tell pairs apart: a new one's give every class the same."""
    for name, part in model.named_modules():
        if isinstance(part, nn.Linear) and name.endswith("classifier"):
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    return model
