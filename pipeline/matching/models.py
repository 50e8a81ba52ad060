"""The similarity models by name, and their folders on disk."""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from pipeline.matching.data import MatchingData
from pipeline.matching.encoders import Encoded
from pipeline.matching.params import Member, ModelParams
from pipeline.matching.scan import SCAN
from pipeline.matching.sgraf import SAF, SGR
from pipeline.matching.vse_infinity import VSEInfinity
from pipeline.models.saved import load_model, save_model
from pipeline.params import Count, NonNegativeInt, Section


class MatchingConfig(Section):
    """What a model is built from; vocabulary: number of words, 0 where they come as vectors."""

    member: Member
    region_width: Count
    vocabulary: NonNegativeInt
    word_width: Count
    model: ModelParams


class SimilarityModel(Protocol):
    """What training and retrieval ask of a model."""

    def encode_images(self, regions: Tensor, mask: Tensor) -> Encoded: ...
    def encode_texts(self, words: Tensor, mask: Tensor) -> Encoded: ...
    def similarity(self, images: Encoded, texts: Encoded) -> Tensor: ...


class MatchingModel(nn.Module):
    """A similarity model with what it was built from."""

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__()
        self.config = config
        self.compare = _build(config)

    @property
    def measure(self) -> SimilarityModel:
        """The model itself."""
        found: SimilarityModel = self.compare
        return found

    def forward(
        self, regions: Tensor, region_mask: Tensor, words: Tensor, word_mask: Tensor
    ) -> Tensor:
        """Features of B pairs -> the similarity of each picture with each text, (B, B)."""
        images = self.measure.encode_images(regions, region_mask)
        return self.measure.similarity(images, self.measure.encode_texts(words, word_mask))

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        save_model(folder, self, self.config)

    @classmethod
    def from_pretrained(cls, folder: Path) -> "MatchingModel":
        """What `save_pretrained` wrote, ready to judge.

        Raises:
            UserError: a file is missing or damaged.
        """
        return load_model(folder, MatchingConfig, cls)


def new_model(
    member: Member, data: MatchingData, params: ModelParams, word_width: int
) -> MatchingModel:
    """An untrained model for these features, its word vectors those of the files if there are any.

    word_width: of word vectors that begin at random.
    """
    config = MatchingConfig(
        member=member,
        region_width=data.region_width,
        vocabulary=data.vocabulary,
        word_width=data.vector_width or word_width,
        model=params,
    )
    model = MatchingModel(config)
    embedding = model.compare.words.embedding
    if data.word_vectors is not None and isinstance(embedding, nn.Embedding):
        with torch.no_grad():
            embedding.weight.copy_(data.word_vectors)
    return model


def _build(config: MatchingConfig) -> VSEInfinity | SCAN | SAF | SGR:
    model = config.model
    shape = {
        "region_width": config.region_width,
        "vocabulary": config.vocabulary,
        "word_width": config.word_width,
        "width": model.width,
    }
    deep = {"similarity_width": model.similarity_width, "dropout": model.dropout}
    if config.member == "vse_infinity":
        return VSEInfinity(**shape)
    if config.member == "scan":
        return SCAN(**shape, smooth=model.smooth)
    if config.member == "saf":
        return SAF(**shape, **deep, smooth=model.smooth)
    return SGR(**shape, **deep, smooth=model.smooth, steps=model.graph_steps)
