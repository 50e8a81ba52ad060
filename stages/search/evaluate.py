"""Judge the test split's queries with the trained model."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import paths as project
from pipeline.device import resolve_device
from pipeline.files import whole_file
from pipeline.params import load_params
from pipeline.search.amc import AMC
from pipeline.search.configuration import SearchInputs
from pipeline.search.figures import draw_examples, draw_roc, draw_weights
from pipeline.search.judging import examples, modality_weights, query_table, require_encoders
from pipeline.search.metrics import ranking_metrics, roc
from pipeline.search.params import load_search_params
from pipeline.search.ranking import rank_split
from pipeline.search.reports import write_figures
from pipeline.search.visual import Visual
from stages import run
from stages.search import paths

EXAMPLES, ROC_POINTS = 6, 201


def main() -> None:
    corpus, search = load_params().corpus, load_search_params()
    model = AMC.from_pretrained(paths.AMC).to(resolve_device(search.train.device))
    visual = Visual.read(paths.VISUAL[model.config.visual], model.config.visual)
    inputs = SearchInputs.load(paths.QUERIES, paths.KEYWORDS, paths.GLOVE, visual)
    features = inputs.features
    require_encoders(model, features)

    queries, ranking = rank_split(model, features, "test", search.evaluate)
    lines = features.split("test")
    lines = lines[lines["clicks"] > 0]
    weights = modality_weights(model, features, lines)
    metrics = ranking_metrics(ranking, search.evaluate.without_relevant)
    metrics |= {"visual_weight": float(weights[:, 0].mean())}
    write_figures(paths.METRICS, metrics)
    with whole_file(paths.QUERY_TABLE) as temporary:
        table = query_table(features, queries, ranking, lines, weights)
        table.to_csv(temporary, index=False, float_format="%.6f")

    rates = roc(ranking, ROC_POINTS)
    with whole_file(paths.ROC) as temporary:
        points = pd.DataFrame(np.stack(rates, 1), columns=["false", "true"])
        points.to_csv(temporary, index=False, float_format="%.6f")
    draw_roc(paths.FIGURES / "roc.png", *rates, metrics["auc"])
    draw_weights(paths.FIGURES / "weights.png", weights[:, 0])
    pictures = Path(corpus.path) / corpus.images, pd.read_parquet(project.IMAGES)
    shown = examples(model, features, inputs.glove, lines, pictures, EXAMPLES)
    draw_examples(paths.FIGURES / "attention.png", shown, visual)


if __name__ == "__main__":
    run(main)
