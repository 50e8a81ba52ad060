"""Inputs of training and evaluation, and a new model for them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch

from pipeline.features.store import GloveFeatures
from pipeline.features.texts import text_key
from pipeline.models.search.amc import AMC, AMCConfig
from pipeline.params.search import SearchParams
from pipeline.search.data.data import ImageFeatures, SearchFeatures
from pipeline.search.features.keywords import IMAGES, VOCABULARY, read_keywords_of, read_vocabulary
from pipeline.search.features.visual import Visual


@dataclass(frozen=True)
class SearchInputs:
    """Features of queries and images, word vectors, and the vocabulary of keywords."""

    features: SearchFeatures
    glove: GloveFeatures
    vocabulary: list[str]

    @classmethod
    def load(cls, queries: Path, keywords: Path, glove: Path, visual: Visual) -> Self:
        """Read the table of queries, the folder of keywords and the file of word vectors.

        Raises:
            UserError: a feature file is missing or damaged, or lacks an image or a query.
        """
        table = pd.read_parquet(keywords / IMAGES)
        words = GloveFeatures.read(glove)
        images = ImageFeatures(table["key"].tolist(), visual, read_keywords_of(keywords, table))
        features = SearchFeatures.of(pd.read_parquet(queries), words, images)
        return cls(features, words, read_vocabulary(keywords / VOCABULARY))


def new_model(params: SearchParams, inputs: SearchInputs) -> AMC:
    """An untrained model for these features, on the CPU.

    Raises:
        UserError: there are no train queries, or a keyword has no word vector.
    """
    features = inputs.features
    visual = features.images.visual
    config = AMCConfig(
        visual=visual.kind,
        visual_dim=visual.width,
        word_dim=features.words.width,
        vocabulary=inputs.vocabulary,
        encoders=features.encoders,
        query=params.query,
        network=params.network,
    )
    # The file has each keyword as a text of one word.
    glove, keys = inputs.glove, [text_key([word]) for word in inputs.vocabulary]
    vectors = glove.vectors[glove.word_ids[glove.offsets[glove.index(keys)]]]  # (V, d_k)
    model = AMC(config, torch.from_numpy(vectors))
    train = np.sort(features.split("train")["image"].unique())
    mean, spread = visual.moments(features.images.rows_in_file(train))
    model.standardize(torch.from_numpy(mean), torch.from_numpy(spread))
    return model
