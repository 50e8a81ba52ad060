"""Judge the test pairs with the trained AnANet."""

from pipeline import paths
from pipeline.device import resolve_device
from pipeline.models.ananet import AnANet
from pipeline.params import load_params
from pipeline.training.data import PairFeatures, require_encoders
from pipeline.training.evaluation import evaluation_metrics, predict
from pipeline.training.one_sided import one_sided_accuracies
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
    write_metrics(paths.METRICS, metrics | one_sided_accuracies(features))
    write_predictions(paths.PREDICTIONS, predictions, labels)
    write_confusion(paths.CONFUSION, predictions, labels)
    write_f1_per_class(paths.F1_PER_CLASS, metrics, labels)


if __name__ == "__main__":
    run(main)
