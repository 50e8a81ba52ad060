"""Which test pairs to show: of every class some that the model judged rightly and some wrongly."""

import numpy as np
import pandas as pd

# Enough to get a feeling for a model; the page stays small however large the corpus is.
_SHOWN = 24


def select_pairs(predictions: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Rows of a table like predictions.csv, right ones first within a class.

    From each of a class's right and wrong pairs the same number, evenly over the confidence of the
    prediction: neither the model's best moments only, nor its worst.
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
