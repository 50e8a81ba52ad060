"""Training runs of baselines: the rows that are not AnANet."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline import models
from pipeline.classifier_training.classification import ClassificationTask
from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.predictions import Predictions, predict
from pipeline.dataset.reading import load_pairs
from pipeline.errors import UserError
from pipeline.models.classifier import (
    REGION_NAMES,
    SCENE_NAMES,
    Baseline,
    Classifier,
    Sizes,
    Vectors,
    features_of,
)
from pipeline.models.layers import masked_mean
from pipeline.params.base import check_section
from pipeline.params.project import Params
from pipeline.params.studies import PARAMS_FILE, BaselineParams
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything

_SPLITS = ("train", "dev", "test")
_BATCH_SIZE = 256


class Standardized(Classifier):
    """A network behind image features of mean 0 and standard deviation 1 over the train images,
    channel by channel, as AnANet has with `model.region_scaling`: no network must learn their size.
    """

    def __init__(self, network: Baseline, features: PairFeatures) -> None:
        super().__init__()
        self.network, self._moments = network, features.arrays.moments(features.rows("train"))

    def features(self) -> tuple[str, ...]:
        return self.network.features()

    def loss(self, output: Any, labels: Tensor) -> dict[str, Tensor]:
        return self.network.loss(output, labels)

    def forward(self, **inputs: Tensor) -> Any:
        for name, (mean, spread) in self._moments.items():
            # A channel that never changes is only moved.
            inputs[name] = (inputs[name] - mean) / spread.where(spread > 0, 1.0)
        return self.network(**inputs)


def load_features(row: BaselineParams, params: Params) -> PairFeatures:
    """The features that the model of a row reads, with images from one file.

    Raises:
        UserError: there is no such model, or it reads another file than the row says.
    """
    kind = _network(_module(row.model))
    of_vectors = REGION_NAMES if row.reads == "regions" else ("pooled",)
    names = features_of(kind) if kind else of_vectors
    images = {*names} & {*REGION_NAMES, *SCENE_NAMES}
    file = "scenes" if images <= {*SCENE_NAMES} else "regions"
    if file != row.reads:
        raise UserError(f"{PARAMS_FILE}: {row.model} reads {file}, not {row.reads}")
    model = params.model.model_copy(update={"text": row.text})
    return load_pairs(params.corpus.labels, model, names=names)


def baseline_run(
    row: BaselineParams, params: Params, features: PairFeatures, seed: int
) -> Callable[[], Predictions]:
    """A function that trains the model of a row; its arguments are checked at once.

    Raises:
        UserError: there is no such model, or its widths are wrong.
    """
    module = _module(row.model)
    kind = _network(module)
    if kind is None:
        return partial(_predict_vectors, module, features, len(params.corpus.labels), seed)
    widths = check_section(kind.params_type, row.widths, f"{PARAMS_FILE}: {row.model}.widths")
    return partial(_train_network, kind, widths, params, features, seed)


def _module(name: str) -> ModuleType:
    """A module of pipeline/models with a network, or with a function `votes` on vectors of pairs.

    It is imported when its row is trained, so that no row depends on the model of another.
    """
    if name in (known := [module.name for module in iter_modules(models.__path__)]):
        module = import_module(f"{models.__name__}.{name}")
        if _network(module) or hasattr(module, "votes"):
            return module
    raise UserError(
        f"{PARAMS_FILE}: no baseline {name!r} among pipeline/models: {', '.join(known)}"
    )


def _network(module: ModuleType) -> type[Baseline] | None:
    """The network that a module defines; None for one with `votes`."""
    classes = (kind for kind in vars(module).values() if isinstance(kind, type))
    return next((k for k in classes if issubclass(k, Baseline) and k is not Baseline), None)


def _train_network(
    kind: Any, widths: Any, params: Params, features: PairFeatures, seed: int
) -> Predictions:
    seed_everything(seed)
    model = Standardized(kind(widths, _sizes(params, features)), features)
    train = params.train.model_copy(update={"seed": seed})
    task = ClassificationTask(model, features, train)
    fit(task, lambda epoch, figures: None, progress=False)
    return predict(model, features, "test")


def _sizes(params: Params, features: PairFeatures) -> Sizes:
    return Sizes(
        classes=len(params.corpus.labels),
        regions=features.arrays.region_count,
        region_dim=features.arrays.region_dim,
        pooled_dim=features.arrays.scene_dims.pooled,
        grid_dim=features.arrays.scene_dims.grid,
        word_dim=features.arrays.word_dim,
        max_words=params.prepare.max_words,
    )


def _predict_vectors(
    module: ModuleType, features: PairFeatures, classes: int, seed: int
) -> Predictions:
    rows = {split: features.rows(split) for split in _SPLITS}
    gold = {split: features.labels[rows[split]] for split in _SPLITS}
    vectors = {split: _vectors(features, rows[split]) for split in _SPLITS}
    votes = module.votes(vectors, gold, classes, seed)
    return Predictions([features.ids[i] for i in rows["test"]], gold["test"], votes, {}, {})


def _vectors(features: PairFeatures, rows: Any) -> Vectors:
    """The pooled scene, or the mean region, and the mean word of each pair, concatenated."""
    parts = []
    for start in range(0, len(rows), _BATCH_SIZE):
        inputs = features.gather(rows[start : start + _BATCH_SIZE]).inputs
        text = masked_mean(inputs["words"], inputs["word_mask"])  # (B, D_w)
        if "pooled" in inputs:
            image = inputs["pooled"]  # (B, D_p)
        else:
            image = masked_mean(inputs["regions"], inputs["region_mask"])  # (B, D_r)
        parts.append(torch.cat([image, text], dim=-1).numpy())
    return np.concatenate(parts)
