"""Statistics of a corpus: data/reports/corpus.json."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from pipeline.corpus.checks.image_check import NO_BYTES, CheckedImage
from pipeline.corpus.pairs import SPLITS


def describe_pairs(pairs: pd.DataFrame, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """Pairs per split and label, and per split."""
    found = Counter(zip(pairs["split"], pairs["label"], strict=True))
    return {
        split: {
            **{label: found[split, label] for label in labels},
            "total": sum(found[split, label] for label in labels),
        }
        for split in SPLITS
    }


def describe_images(
    pairs: pd.DataFrame, images: Collection[CheckedImage], reasons: list[str]
) -> dict[str, Any]:
    """Files by status, distinct images, and images shared by two splits."""
    status = Counter(image.status for image in images)
    keys = pairs["image_key"]
    return {
        "files": len(images),
        "ok": status["ok"],
        "missing": status["missing"],
        "unreadable": status["unreadable"],
        "first_reasons": reasons,
        "distinct": int(keys[keys != NO_BYTES].nunique()),
        "in_two_splits": _shared(pairs[keys != NO_BYTES], "image_key"),
    }


def describe_texts(
    pairs: pd.DataFrame, words: Sequence[Sequence[str]], max_words: int
) -> dict[str, Any]:
    """Texts without words, truncated texts, and texts shared by two splits.

    words: the words of each pair's text before truncation.
    """
    has_words = [bool(text) for text in words]
    return {
        "distinct": int(pairs["text_key"].nunique()),
        "empty": has_words.count(False),
        "cut_at_max_words": sum(len(text) > max_words for text in words),
        "in_two_splits": _shared(pairs[has_words], "text_key"),
    }


def _shared(pairs: pd.DataFrame, column: str) -> dict[str, int]:
    keys = {split: set(group) for split, group in pairs.groupby("split")[column]}
    return {
        f"{one}_{other}": len(keys.get(one, set()) & keys.get(other, set()))
        for one, other in combinations(SPLITS, 2)
    }
