"""What a model confuses most, with the pairs that it was surest of."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pandas as pd
from PIL.Image import Image

from pipeline.pages.thumbnails import data_uri
from pipeline.report.results import confusion_counts

_CONFUSIONS = 3
_PAIRS_EACH = 3
_SIDE = 160

# The picture and the text of a pair, by its id; no picture if it cannot be read.
Look = Callable[[str], tuple[Image | None, str]]


def worst_confusions(
    predictions: pd.DataFrame, labels: Sequence[str], look: Look
) -> list[dict[str, Any]]:
    """The annotated and predicted relations that were taken for each other most often.

    Each with its number of pairs, the share of its annotated relation, and the pairs whose wrong
    relation was the most probable. predictions: like predictions.csv.
    """
    counts = confusion_counts(predictions, labels)
    cells = [(i, j) for i, j in product(range(len(labels)), repeat=2) if i != j and counts[i][j]]
    cells.sort(key=lambda cell: -counts[cell[0]][cell[1]])
    return [
        {
            "gold": labels[i],
            "predicted": labels[j],
            "count": counts[i][j],
            "share": counts[i][j] / sum(counts[i]),
            "pairs": _surest(predictions, labels[i], labels[j], look),
        }
        for i, j in cells[:_CONFUSIONS]
    ]


def _surest(
    predictions: pd.DataFrame, gold: str, predicted: str, look: Look
) -> list[dict[str, Any]]:
    is_cell = (predictions["gold"] == gold) & (predictions["predicted"] == predicted)
    ranked = predictions[is_cell].sort_values(f"p_{predicted}", ascending=False, kind="stable")
    shown = []
    for identifier, probability in ranked.head(_PAIRS_EACH)[["id", f"p_{predicted}"]].to_numpy():
        image, text = look(identifier)
        uri = data_uri(image, _SIDE) if image else ""
        pair = {"id": identifier, "probability": probability, "text": text, "image": uri}
        shown.append(pair)
    return shown
