"""Measure how much of the relation the image alone and the text alone give away."""

from pipeline import paths
from pipeline.dataset.reading import load_pairs
from pipeline.metrics.writing import write_metrics
from pipeline.models.classifier import REGION_NAMES
from pipeline.one_sided.accuracies import one_sided_accuracies
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    features = load_pairs(params.corpus.labels, params.model, names=REGION_NAMES)
    write_metrics(paths.ONE_SIDED, one_sided_accuracies(features))


if __name__ == "__main__":
    run(main)
