"""Judge the models: retrieval on the test split, and what was believed of the train pairs."""

import pandas as pd

from pipeline.matching.captions import CaptionSet
from pipeline.matching.evaluation import judge_correspondence, judge_retrieval
from pipeline.matching.params import load_matching_params
from pipeline.matching.plots import draw_correspondence
from pipeline.matching.runs import load_data, read_correspondence, read_models
from pipeline.training.reports import write_metrics
from stages import run
from stages.matching import paths


def main() -> None:
    params = load_matching_params()
    captions = CaptionSet.read(paths.PAIRS)
    data = load_data(captions, params, paths.WORDS)
    ids, wrong = captions.splits["train"].ids, captions.wrong
    correspondence = read_correspondence(paths.MODELS, ids)
    metrics = judge_retrieval(
        read_models(paths.MODELS, params), data.splits["test"], params.evaluate.fold
    )
    write_metrics(paths.METRICS, metrics | judge_correspondence(correspondence, wrong))
    draw_correspondence(paths.HISTOGRAM, correspondence, wrong)
    table = pd.DataFrame({"id": ids, "correspondence": correspondence, "wrong": wrong})
    table.to_csv(paths.CORRESPONDENCE, index=False, float_format="%.6f", lineterminator="\n")


if __name__ == "__main__":
    run(main)
