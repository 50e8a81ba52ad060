"""Test pairs whose attention people look at."""

from collections.abc import Sequence, Set

import numpy as np
import pandas as pd

from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.predictions import Predictions
from pipeline.evaluation.reports import prediction_table
from pipeline.metrics.pair_outputs import PairOutput
from pipeline.metrics.pair_predictions import predict_pairs
from pipeline.models.ananet import AnANet

# Keeps the page small, however large the corpus.
_SHOWN = 24


def example_outputs(
    model: AnANet, features: PairFeatures, predictions: Predictions, images: Set[str]
) -> dict[str, PairOutput]:
    """A selection of the test pairs, by id: what the model makes of each.

    predictions: of all test pairs. images: keys of the images that can be read.
    """
    labels, rows = model.config.labels, features.rows("test")
    table = prediction_table(predictions, labels)
    readable = table[[features.image_keys[row] in images for row in rows]]
    chosen = rows[select_pairs(readable, labels).index]
    if not len(chosen):
        return {}
    outputs = predict_pairs(model, features, chosen)
    return {features.ids[row]: output for row, output in zip(chosen, outputs, strict=True)}


def select_pairs(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Rows of a table like predictions.csv, right ones first within a class.

    Of each class, the same number of right and of wrong pairs, spread evenly over the confidence of
    the prediction.
    """
    per_group = max(1, _SHOWN // (2 * len(labels)))
    confidence = predictions[[f"p_{label}" for label in labels]].max(axis=1)
    right = predictions["gold"] == predictions["predicted"]
    chosen: list[int] = []
    for label in labels[:_SHOWN]:
        for verdict in (True, False):
            group = predictions.index[(predictions["gold"] == label) & (right == verdict)]
            ranked = confidence[group].sort_values(ascending=False, kind="stable").index
            places = np.linspace(0, len(ranked) - 1, min(per_group, len(ranked))).round()
            chosen += [int(ranked[int(place)]) for place in places]
    return predictions.loc[chosen]
