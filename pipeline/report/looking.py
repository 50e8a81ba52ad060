"""The chosen test pairs, judged once more with all that the model looked at."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures
from pipeline.features.texts import Texts
from pipeline.models.ananet import AnANet
from pipeline.report.figures import draw_attention
from pipeline.report.selection import select_pairs
from pipeline.report.thumbnails import CorpusImages
from pipeline.report.viewer import viewer_pair
from pipeline.training.data import PairFeatures
from pipeline.training.judgement import Judgement, judge_pairs


@dataclass(frozen=True)
class Look:
    """One pair and what the model looked at; row: its picture's row among the regions."""

    pair: Mapping[Hashable, Any]
    words: list[str]
    row: int
    judgement: Judgement

    @property
    def title(self) -> str:
        """How people find the pair again."""
        start = " ".join(self.words[:6])
        return f"{self.pair['id']} · {start}{' …' if len(self.words) > 6 else ''}"


def look_at_pairs(
    model: AnANet,
    pairs: pd.DataFrame,
    predictions: pd.DataFrame,
    regions: RegionFeatures,
    words: Sequence[GloveFeatures | BertFeatures],
    texts: Texts,
    images: CorpusImages,
) -> list[Look]:
    """A selection of the test pairs whose pictures can be read.

    Args:
        pairs: like pairs.parquet. predictions: like predictions.csv.
    """
    labels = model.config.labels
    test = pairs.set_index("id", drop=False).loc[predictions["id"]]
    readable = [key in images for key in test["image_key"]]
    chosen = test.loc[select_pairs(predictions[readable], labels)["id"]]
    if chosen.empty:
        return []
    features = PairFeatures(chosen, labels, regions, words, model.config.model.region_order)
    features.to(next(model.parameters()).device)
    judged = judge_pairs(model, features, np.arange(len(chosen)))
    rows = regions.index(chosen["image_key"].tolist()).tolist()
    return [
        Look(pair, texts[pair["text_key"]], row, judgement)
        for pair, row, judgement in zip(chosen.to_dict("records"), rows, judged, strict=True)
    ]


def viewer_pairs(
    looks: Sequence[Look], regions: RegionFeatures, images: CorpusImages, labels: Sequence[str]
) -> list[dict[str, Any]]:
    """The looks as the attention viewer takes them."""
    return [
        viewer_pair(
            look.title,
            images.open(look.pair["image_key"]),
            look.words,
            regions,
            look.row,
            look.judgement,
            labels,
            look.pair["label"],
        )
        for look in looks
    ]


def _votes(look: Look, labels: Sequence[str]) -> str:
    streams = look.judgement.streams.items()
    return ", ".join(f"{name} {labels[int(v.argmax())]} ({v.max():.2f})" for name, v in streams)


def draw_figures(
    folder: Path,
    looks: Sequence[Look],
    regions: RegionFeatures,
    images: CorpusImages,
    labels: Sequence[str],
) -> None:
    """One figure for each class and verdict: the look that comes first."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = set()
    for look in looks:
        gold, predicted = look.pair["label"], labels[look.judgement.predicted]
        kind = gold, gold == predicted
        if kind in drawn:
            continue
        drawn.add(kind)
        name = re.sub(r"[^\w-]+", "_", f"{gold}_{look.pair['id']}")
        verdict = f"annotated {gold}, predicted {predicted}; votes: {_votes(look, labels)}"
        title = f"{look.pair['id']}: {verdict}"
        image = images.open(look.pair["image_key"])
        path = folder / f"{name}.png"
        draw_attention(path, title, image, look.words, regions, look.row, look.judgement)
