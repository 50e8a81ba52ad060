"""Evaluate the trained model on the queries of the test split."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import paths as project
from pipeline.core.device import resolve_device
from pipeline.files import whole_file
from pipeline.images.corpus import images_path
from pipeline.metrics.ranking import ranking_metrics, roc
from pipeline.metrics.writing import write_metrics
from pipeline.models.search.amc import AMC
from pipeline.params.project import load_params
from pipeline.params.search import load_search_params
from pipeline.search.data.inputs import SearchInputs
from pipeline.search.data.ranking import by_image, rank_split
from pipeline.search.evaluation.evaluation import (
    caption_metrics,
    examples,
    modality_weights,
    query_table,
    require_encoders,
)
from pipeline.search.evaluation.figures import draw_examples, draw_roc, draw_weights
from pipeline.search.features.visual import Visual
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
    write_metrics(paths.METRICS, metrics)
    captions = by_image(features, "test", ranking, search.evaluate)
    found = caption_metrics(captions, search.evaluate.without_relevant)
    write_metrics(paths.CAPTION_METRICS, found)
    with whole_file(paths.QUERY_TABLE) as temporary:
        table = query_table(features, queries, ranking, lines, weights)
        table.to_csv(temporary, index=False, float_format="%.6f")

    rates = roc(ranking, ROC_POINTS)
    with whole_file(paths.ROC) as temporary:
        points = pd.DataFrame(np.stack(rates, 1), columns=["false", "true"])
        points.to_csv(temporary, index=False, float_format="%.6f")
    draw_roc(paths.FIGURES / "roc.png", *rates, metrics["auc"])
    draw_weights(paths.FIGURES / "weights.png", weights[:, 0])
    source = images_path(Path(corpus.path), corpus.images)
    images = source, pd.read_parquet(project.IMAGES)
    shown = examples(model, inputs, lines, images, EXAMPLES)
    draw_examples(paths.FIGURES / "attention.png", shown, visual)


if __name__ == "__main__":
    run(main)
