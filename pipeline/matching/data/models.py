"""New similarity models, and trained ones read back."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn

from pipeline.core.device import resolve_device
from pipeline.errors import UserError
from pipeline.matching.data.data import MatchingData
from pipeline.models.matching.encoding import MatchingConfig
from pipeline.models.matching.model import MatchingModel
from pipeline.params.matching import MatchingParams, Member, ModelParams

# Written beside the models: how likely each train caption is right.
CORRESPONDENCE = "correspondence.parquet"


def new_model(
    member: Member, data: MatchingData, params: ModelParams, word_width: int
) -> MatchingModel:
    """An untrained model for these features; its word vectors start as those of the files, if any.

    word_width: of word vectors that start at random.
    """
    train, vectors = data.splits["train"], data.word_vectors
    if vectors is not None:
        word_width = vectors.shape[1]
    elif train.words.hidden.dim():
        word_width = len(train.words.hidden)
    config = MatchingConfig(
        member=member,
        region_width=train.images.width,
        vocabulary=train.words.vocabulary,
        word_width=word_width,
        model=params,
    )
    model = MatchingModel(config)
    embedding = model.compare.words.embedding
    if vectors is not None and isinstance(embedding, nn.Embedding):
        with torch.no_grad():
            embedding.weight.copy_(vectors)
    return model


def read_models(folder: Path, params: MatchingParams) -> list[MatchingModel]:
    """The models that `TrainedMembers.save` wrote, on the device that the parameters name.

    Raises:
        UserError: one is missing or damaged.
    """
    device = resolve_device(params.train.device)
    return [
        MatchingModel.from_pretrained(folder / name).to(device) for name in params.model.members
    ]


def read_correspondence(folder: Path, ids: list[str]) -> npt.NDArray[np.float64]:
    """How likely each train caption is right, (n,), in the order of `ids`.

    Raises:
        UserError: the models were trained on other captions.
    """
    path = folder / CORRESPONDENCE
    table = pd.read_parquet(path)
    if table["id"].tolist() != ids:
        raise UserError(f"{path} is of other captions than the stage pairs wrote; train again")
    return table["correspondence"].to_numpy()
