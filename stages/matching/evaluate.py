"""Evaluate retrieval on the test split, and the detection of wrong train pairs."""

import pandas as pd

from pipeline.files import whole_file
from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.data.data import MatchingData
from pipeline.matching.data.evaluation import evaluate_correspondence, evaluate_retrieval
from pipeline.matching.data.models import read_correspondence, read_models
from pipeline.matching.plots import draw_correspondence
from pipeline.metrics.writing import write_metrics
from pipeline.params.matching import load_matching_params
from stages import run
from stages.matching import paths


def main() -> None:
    params = load_matching_params()
    captions = CaptionSet.read(paths.PAIRS)
    data = MatchingData.load(captions, params, paths.WORDS)
    ids, wrong = captions.splits["train"].ids, captions.wrong
    correspondence = read_correspondence(paths.MODELS, ids)
    metrics = evaluate_retrieval(
        read_models(paths.MODELS, params), data.splits["test"], params.evaluate.fold
    )
    if not params.corpus.noisy:  # which pairs are right is not known there
        metrics |= evaluate_correspondence(correspondence, wrong)
    write_metrics(paths.METRICS, metrics)
    draw_correspondence(paths.HISTOGRAM, correspondence, wrong)
    table = pd.DataFrame({"id": ids, "correspondence": correspondence, "wrong": wrong})
    with whole_file(paths.CORRESPONDENCE) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
