"""Training runs of AnANet and its variants, on all train pairs, fewer of them or wrong labels."""

from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.predictions import Predictions, predict
from pipeline.dataset.reading import load_pairs
from pipeline.initialisation.ananet import new_ananet
from pipeline.params.project import Params
from pipeline.params.studies import (
    LabelNoiseParams,
    LearningCurveParams,
    StudyParams,
    changed,
    named,
    variant_params,
)
from pipeline.studies.runs import Run
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything


def train_ananet(params: Params, features: PairFeatures, seed: int) -> Predictions:
    """Train AnANet; returns its predictions for the test split.

    Raises:
        UserError: a split has no pairs, or the loss or its gradient is not finite.
    """
    seed_everything(seed)
    model = new_ananet(params, features)
    task = ClassificationTask(model, features, params.train.model_copy(update={"seed": seed}))
    fit(task, lambda epoch, figures: None, progress=False)
    return predict(model, features, "test")


def sweep_runs(study: StudyParams, params: Params) -> list[Run]:
    """Runs at every point of the grid of lambda and eta (Fig. 4).

    Raises:
        UserError: a feature file is missing, or does not fit the pairs.
    """
    features = load_pairs(params.corpus.labels, params.model)
    grid = product(study.sweep.lambda_, study.sweep.eta)
    points = [{"lambda": weight, "eta": eta} for weight, eta in grid]
    return [
        Run(seed, partial(train_ananet, changed(params, {"fusion": point}), features, seed), point)
        for point, seed in product(points, range(study.sweep.seeds))
    ]


def curve_runs(name: str, study: StudyParams, params: Params) -> list[Run]:
    """Runs of variants at the points of a curve: learning_curve | label_noise.

    Raises:
        UserError: there is no such variant, or a feature file is missing or does not fit.
    """
    labels = params.corpus.labels
    curve: LearningCurveParams | LabelNoiseParams
    altered: Callable[[PairFeatures, float, int], PairFeatures]
    if name == "learning_curve":
        curve, altered = study.learning_curve, with_fraction
        column, points = "fraction", curve.fractions
    else:
        curve, altered = study.label_noise, partial(with_label_noise, classes=len(labels))
        column, points = "rate", curve.rates
    runs = []
    for variant in curve.variants:
        row = named(study.variants, "variant", variant)
        of_variant = variant_params(params, study, row)
        features = load_pairs(labels, of_variant.model)
        for point, seed in product(points, range(curve.seeds)):
            train = partial(train_ananet, of_variant, altered(features, point, seed), seed)
            runs.append(Run(seed, train, {"variant": variant, column: point}))
    return runs


def with_fraction(features: PairFeatures, fraction: float, seed: int) -> PairFeatures:
    """Keep a random fraction of the train pairs, at least one.

    With the same seed, a smaller fraction is a subset of a larger one.
    """
    train = features.rows("train")
    kept = max(1, round(fraction * len(train)))
    return features.without(np.random.default_rng(seed).permutation(train)[kept:])


def with_label_noise(features: PairFeatures, rate: float, seed: int, classes: int) -> PairFeatures:
    """Change the labels of a fraction of the train pairs, uniformly among the other classes.

    Dev and test keep their labels. With the same seed, the wrong labels of a smaller rate are a
    subset of those of a larger one.
    """
    rng = np.random.default_rng(seed)
    train = features.rows("train")
    order, offsets = rng.permutation(train), rng.integers(1, classes, size=len(train))
    wrong = round(rate * len(train))
    labels = features.labels.copy()
    labels[order[:wrong]] = (labels[order[:wrong]] + offsets[:wrong]) % classes
    return features.relabelled(labels)
