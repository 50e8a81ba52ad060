"""Evaluate the trained AnANet on the test pairs."""

from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.core.device import resolve_device
from pipeline.dataset.pairs import require_encoders
from pipeline.dataset.predictions import Predictions, predict
from pipeline.dataset.reading import load_pairs
from pipeline.evaluation.card import write_card
from pipeline.evaluation.examples import example_outputs
from pipeline.evaluation.metrics import evaluation_metrics
from pipeline.evaluation.origin import write_origin
from pipeline.evaluation.pointing import pointing_metrics
from pipeline.evaluation.reports import write_confusion, write_f1_per_class, write_predictions
from pipeline.features.store import RegionFeatures
from pipeline.features.texts import read_texts
from pipeline.features.truth import read_named_boxes
from pipeline.metrics.pair_outputs import write_pair_outputs
from pipeline.metrics.writing import read_metrics, write_metrics
from pipeline.models.ananet import AnANet
from pipeline.models.saved import AnANetEncoders
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    device = resolve_device(params.train.device)
    model = AnANet.from_pretrained(paths.ANANET).to(device)
    labels = model.config.labels
    features = load_pairs(labels, model.config.model)
    require_encoders(features, model.config.encoders)
    predictions = predict(model, features.to(device), "test")

    draws = params.evaluate
    metrics = evaluation_metrics(predictions, labels, draws.bootstrap, draws.seed)
    metrics |= read_metrics(paths.ONE_SIDED)
    if truth := read_named_boxes(Path(params.corpus.path)):
        regions = RegionFeatures.read(paths.REGIONS)
        metrics |= pointing_metrics(model, features, regions, read_texts(paths.TEXTS), truth)
    images = pd.read_parquet(paths.IMAGES)
    readable = set(images.loc[images["status"] == "ok", "key"])
    examples = example_outputs(model, features, predictions, readable)
    write_pair_outputs(paths.EXAMPLES, examples)
    # Not in `train`, since the card states the test metrics.
    pairs = pd.read_parquet(paths.PAIRS)
    encoders = AnANetEncoders.load(paths.ANANET)
    write_card(paths.MODEL_CARD, model.config, encoders, pairs, metrics)
    write_origin(paths.ORIGIN, device)
    _write(predictions, metrics, labels)


def _write(predictions: Predictions, metrics: dict[str, float], labels: list[str]) -> None:
    write_predictions(paths.PREDICTIONS, predictions, labels)
    write_confusion(paths.CONFUSION, predictions, labels)
    write_f1_per_class(paths.F1_PER_CLASS, metrics, labels)
    write_metrics(paths.METRICS, metrics)  # last, as Git keeps them: they say that all is there


if __name__ == "__main__":
    run(main)
