"""Runs of the rows that are not AnANet."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from pipeline.errors import UserError
from pipeline.models.classifier import Baseline, Sizes, Vectors, features_of
from pipeline.models.layers import masked_mean
from pipeline.params import Params, check_section
from pipeline.studies.params import PARAMS_FILE, BaselineParams
from pipeline.training.data import REGION_NAMES, SCENE_NAMES, PairFeatures
from pipeline.training.evaluation import Predictions, predict
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything

# Modules of pipeline/models and their networks. A module is imported when its row is trained, so
# that no row depends on another one's model.
NETWORKS = {
    "tfn": "TFN",
    "co_memory": "CoMemory",
    "scan": "SCAN",
    "inception_lstm": "InceptionLSTM",
    "dcnn": "DCNN",
    "deep_classifier": "DeepClassifier",
}
# Modules with a function `votes`, which judges one vector per pair.
REFERENCES = ("random", "majority", "logistic_regression")
_SPLITS = ("train", "dev", "test")
_BATCH_SIZE = 256


def load_features(row: BaselineParams, params: Params, regions: Path, scenes: Path) -> PairFeatures:
    """The features that the row's model reads, of pictures from one of these files.

    Raises:
        UserError: there is no such model, or it reads another file than the row says.
    """
    names = ("pooled",) if row.model in REFERENCES else features_of(_network(row.model))
    pictures = {*names} & {*REGION_NAMES, *SCENE_NAMES}
    file = "scenes" if pictures <= {*SCENE_NAMES} else "regions"
    if file != row.reads:
        raise UserError(f"{PARAMS_FILE}: {row.model} reads {file}, not {row.reads}")
    model = params.model.model_copy(update={"text": row.text})
    return PairFeatures.load(
        params.corpus.labels, model, regions=regions, scenes=scenes, names=names
    )


def baseline_run(
    row: BaselineParams, params: Params, features: PairFeatures, seed: int
) -> Callable[[], Predictions]:
    """One training of the row's model, to be called; its arguments are checked at once.

    Raises:
        UserError: there is no such model, or its widths are wrong.
    """
    if row.model in REFERENCES:
        module = import_module(f"pipeline.models.{row.model}")
        return partial(_judge_vectors, module, features, len(params.corpus.labels), seed)
    kind = _network(row.model)
    widths = check_section(kind.params_type, row.widths, f"{PARAMS_FILE}: {row.model}.widths")
    return partial(_train_network, kind, widths, params, features, seed)


def _network(name: str) -> type[Baseline]:
    if name not in NETWORKS:
        known = ", ".join([*NETWORKS, *REFERENCES])
        raise UserError(f"{PARAMS_FILE}: no baseline {name!r}; allowed: {known}")
    kind: type[Baseline] = getattr(import_module(f"pipeline.models.{name}"), NETWORKS[name])
    return kind


def _train_network(
    kind: Any, widths: Any, params: Params, features: PairFeatures, seed: int
) -> Predictions:
    seed_everything(seed)
    model = kind(widths, _sizes(params, features))
    train = params.train.model_copy(update={"seed": seed})
    fit(model, features, train, lambda epoch, figures: None, progress=False)
    return predict(model, features, "test")


def _sizes(params: Params, features: PairFeatures) -> Sizes:
    return Sizes(
        classes=len(params.corpus.labels),
        regions=features.region_count,
        region_dim=features.region_dim,
        pooled_dim=features.scene_dims.get("pooled", 0),
        grid_dim=features.scene_dims.get("grid", 0),
        word_dim=features.word_dim,
        max_words=params.prepare.max_words,
    )


def _judge_vectors(
    module: ModuleType, features: PairFeatures, classes: int, seed: int
) -> Predictions:
    rows = {split: features.rows(split) for split in _SPLITS}
    gold = {split: features.labels[rows[split]] for split in _SPLITS}
    vectors = {split: _vectors(features, rows[split]) for split in _SPLITS}
    votes = module.votes(vectors, gold, classes, seed)
    return Predictions([features.ids[i] for i in rows["test"]], gold["test"], votes, {}, {})


def _vectors(features: PairFeatures, rows: Any) -> Vectors:
    """The pooled scene and the mean word of each pair, side by side."""
    parts = []
    for start in range(0, len(rows), _BATCH_SIZE):
        inputs = features.gather(rows[start : start + _BATCH_SIZE]).inputs
        text = masked_mean(inputs["words"], inputs["word_mask"])  # (B, D_w)
        parts.append(np.concatenate([inputs["pooled"].numpy(), text.numpy()], axis=-1))
    return np.concatenate(parts)
