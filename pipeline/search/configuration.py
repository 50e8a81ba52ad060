"""What a model of search is built from: parameters, features, keywords with their vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch

from pipeline.corpus.text_keys import text_key
from pipeline.features.store import GloveFeatures
from pipeline.search.amc import AMC, AMCConfig
from pipeline.search.data import PictureFeatures, SearchFeatures, read_keywords_of
from pipeline.search.keywords import PICTURES, VOCABULARY, read_vocabulary
from pipeline.search.params import SearchParams
from pipeline.search.visual import Visual


@dataclass(frozen=True)
class SearchInputs:
    """All that the stage `keywords` and the encoders left for training and judging."""

    features: SearchFeatures
    glove: GloveFeatures
    vocabulary: list[str]

    @classmethod
    def load(cls, queries: Path, keywords: Path, glove: Path, visual: Visual) -> Self:
        """Read the table of queries, the folder of keywords and the file of word vectors."""
        places = pd.read_parquet(keywords / PICTURES)
        words = GloveFeatures.read(glove)
        own = read_keywords_of(keywords, places)
        pictures = PictureFeatures(places["key"].tolist(), visual, own)
        features = SearchFeatures.of(pd.read_parquet(queries), words, pictures)
        return cls(features, words, read_vocabulary(keywords / VOCABULARY))


def new_model(params: SearchParams, inputs: SearchInputs) -> AMC:
    """An untrained model for these features, on the CPU."""
    features = inputs.features
    visual = features.pictures.visual
    config = AMCConfig(
        visual=visual.kind,
        visual_dim=visual.width,
        word_dim=features.words.width,
        vocabulary=inputs.vocabulary,
        encoders=features.encoders,
        query=params.query,
        network=params.network,
    )
    model = AMC(config, keyword_vectors(inputs.vocabulary, inputs.glove))
    train = np.sort(features.split("train")["picture"].unique())
    mean, spread = visual.moments(features.pictures.rows_in_file(train))
    model.standardize(torch.from_numpy(mean), torch.from_numpy(spread))
    return model


def keyword_vectors(vocabulary: Sequence[str], glove: GloveFeatures) -> torch.Tensor:
    """The word vector of each keyword (V, d_k), of a file that has each as a text of its own."""
    rows = glove.index([text_key([word]) for word in vocabulary])
    return torch.from_numpy(glove.vectors[glove.word_ids[glove.offsets[rows]]])
