"""Judge the test pairs with the trained AnANet."""

from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.corpus.truth import read_named_boxes
from pipeline.device import resolve_device
from pipeline.features.store import RegionFeatures
from pipeline.features.texts import read_texts
from pipeline.models.ananet import AnANet
from pipeline.params import load_params
from pipeline.training.card import write_card
from pipeline.training.data import PairFeatures, require_encoders
from pipeline.training.encoders import EncoderSettings
from pipeline.training.evaluation import evaluation_metrics, predict
from pipeline.training.one_sided import one_sided_accuracies
from pipeline.training.pointing import pointing_metrics
from pipeline.training.reports import (
    write_confusion,
    write_f1_per_class,
    write_metrics,
    write_predictions,
)
from stages import run


def main() -> None:
    params = load_params()
    device = resolve_device(params.train.device)
    model = AnANet.from_pretrained(paths.ANANET).to(device)
    labels = model.config.labels
    features = PairFeatures.load(labels, model.config.model)
    require_encoders(features, model.config.encoders)
    predictions = predict(model, features.to(device), "test")

    metrics = evaluation_metrics(
        predictions, labels, params.evaluate.bootstrap, params.evaluate.seed
    )
    metrics |= one_sided_accuracies(features)
    pairs = pd.read_parquet(paths.PAIRS)
    metrics |= _pointing(Path(params.corpus.path), model, features, pairs)
    write_metrics(paths.METRICS, metrics)
    write_predictions(paths.PREDICTIONS, predictions, labels)
    write_confusion(paths.CONFUSION, predictions, labels)
    write_f1_per_class(paths.F1_PER_CLASS, metrics, labels)
    # Here and not in `train`, since the card says how the model did on the test pairs.
    encoders = EncoderSettings.load(paths.ANANET)
    write_card(paths.MODEL_CARD, model.config, encoders, pairs, metrics)


def _pointing(
    corpus: Path, model: AnANet, features: PairFeatures, pairs: pd.DataFrame
) -> dict[str, float]:
    truth = read_named_boxes(corpus)
    if truth is None:
        return {}
    regions = RegionFeatures.read(paths.REGIONS)
    return pointing_metrics(model, features, pairs, regions, read_texts(paths.TEXTS), truth)


if __name__ == "__main__":
    run(main)
