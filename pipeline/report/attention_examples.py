"""Test pairs with the model's attention, for the viewer and for figures."""

from collections.abc import Mapping

import pandas as pd

from pipeline.features.store import RegionFeatures
from pipeline.features.texts import Texts
from pipeline.images.source import CorpusImages
from pipeline.metrics.pair_outputs import PairOutput
from pipeline.report.viewer import Example


def attention_examples(
    outputs: Mapping[str, PairOutput],
    pairs: pd.DataFrame,
    regions: RegionFeatures,
    texts: Texts,
    posts: Mapping[str, str],
    images: CorpusImages,
) -> list[Example]:
    """The pairs that `evaluate` kept the model's output for.

    outputs: by the pair's id. pairs: like pairs.parquet. posts: each pair's text as it was written,
    by its id.

    Raises:
        UserError: an image has no row in the feature file, or can no longer be read.
    """
    chosen = pairs.set_index("id", drop=False).loc[list(outputs)]
    rows = regions.index(chosen["image_key"].tolist()).tolist()
    keys = chosen[["id", "image_key", "text_key", "label"]].itertuples(index=False)
    return [
        Example(id, images.open(image), posts[id], texts[text], regions, row, outputs[id], gold)
        for (id, image, text, gold), row in zip(keys, rows, strict=True)
    ]
