"""Test pairs with the model's attention, for the viewer and for figures."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipeline.dataset.arrays import FeatureFiles
from pipeline.dataset.pairs import PairFeatures
from pipeline.features.texts import Texts
from pipeline.images.source import CorpusImages
from pipeline.metrics.pair_outputs import predict_pairs
from pipeline.models.ananet import AnANet
from pipeline.report.viewer import Example

# Keeps the page small, however large the corpus.
_SHOWN = 24


def attention_examples(
    model: AnANet,
    pairs: pd.DataFrame,
    predictions: pd.DataFrame,
    files: FeatureFiles,
    texts: Texts,
    posts: Mapping[str, str],
    images: CorpusImages,
) -> list[Example]:
    """A selection of the test pairs whose images can be read.

    pairs: like pairs.parquet. predictions: like predictions.csv. files: with regions. posts: each
    pair's text as it was written, by its id.

    Raises:
        UserError: a pair has no row in a feature file.
        ImageError: an image can no longer be read.
    """
    labels, regions = model.config.labels, files.regions
    test = pairs.set_index("id", drop=False).loc[predictions["id"]]
    readable = [key in images for key in test["image_key"]]
    chosen = test.loc[select_pairs(predictions[readable], labels)["id"]]
    if chosen.empty or regions is None:
        return []
    order, device = model.config.model.region_order, next(model.parameters()).device
    features = PairFeatures.join(chosen, labels, files, order, model.features()).to(device)
    outputs = predict_pairs(model, features, np.arange(len(chosen)))
    rows = regions.index(features.image_keys).tolist()
    keys = chosen[["id", "image_key", "text_key", "label"]].itertuples(index=False)
    return [
        Example(id, images.open(image), posts[id], texts[text], regions, row, output, gold)
        for (id, image, text, gold), row, output in zip(keys, rows, outputs, strict=True)
    ]


def select_pairs(predictions: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
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
