"""A whole training: data and models by the parameters, one model or several."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from pipeline import paths
from pipeline.device import resolve_device
from pipeline.errors import UserError
from pipeline.matching.captions import CaptionSet
from pipeline.matching.data import MatchingData
from pipeline.matching.models import MatchingModel, new_model
from pipeline.matching.params import MatchingParams
from pipeline.matching.training import Log, Trained, fit
from pipeline.training.seeding import seed_everything

_CORRESPONDENCE = "correspondence.parquet"


@dataclass(frozen=True)
class TrainedMembers:
    """The models whose similarities are averaged, by name; ids: of the train captions."""

    members: dict[str, Trained]
    ids: list[str]

    @property
    def models(self) -> list[MatchingModel]:
        return [member.model for member in self.members.values()]

    @property
    def correspondence(self) -> npt.NDArray[np.float64]:
        """How likely each train caption is right, (n,), the mean over the models."""
        found = np.stack([member.correspondence for member in self.members.values()])
        mean: npt.NDArray[np.float64] = found.astype(np.float64).mean(0)
        return mean

    def save(self, folder: Path) -> None:
        """A folder per model, and a table of the correspondence: id, correspondence."""
        for name, member in self.members.items():
            member.model.save_pretrained(folder / name)
        table = pd.DataFrame({"id": self.ids, "correspondence": self.correspondence})
        table.to_parquet(folder / _CORRESPONDENCE, index=False)


def load_data(
    captions: CaptionSet, params: MatchingParams, words: Path, regions: Path = paths.REGIONS
) -> MatchingData:
    """The captions with their features, on the device that the parameters name.

    Args:
        words, regions: see `MatchingData.load`.

    Raises:
        UserError: a file is missing, or lacks a picture or a text.
    """
    device = resolve_device(params.train.device)
    return MatchingData.load(captions, params, regions, words, device)


def train_members(
    data: MatchingData, params: MatchingParams, checkpoints: Path, log: Log
) -> TrainedMembers:
    """Train each model that the parameters name, with a memory of its own.

    log: gets each model's epochs; with several models, figures carry the model's name.

    Raises:
        UserError: the loss or its gradient is not finite.
    """
    members: dict[str, Trained] = {}
    several = len(params.model.members) > 1
    for name in params.model.members:
        seed_everything(params.train.seed)
        # Takes a tenth of the time; nothing here reads a tensor before it is written.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]

        def note(epoch: int, figures: Mapping[str, float], name: str = name) -> None:
            part = f"{name}/" if several else ""
            log(epoch, {f"{part}{figure}": value for figure, value in figures.items()})

        def begin(name=name) -> MatchingModel:  # type: ignore[no-untyped-def]
            return new_model(name, data, params.model, params.text.width)

        checkpoint = checkpoints / f"{name}.safetensors"
        members[name] = fit(begin, data, params, checkpoint, note, name)
    return TrainedMembers(members, data.splits["train"].ids)


def read_models(folder: Path, params: MatchingParams) -> list[MatchingModel]:
    """The models that `TrainedMembers.save` wrote, on the device that the parameters name.

    Raises:
        UserError: one is missing.
    """
    device = resolve_device(params.train.device)
    return [
        MatchingModel.from_pretrained(folder / name).to(device) for name in params.model.members
    ]


def read_correspondence(folder: Path, ids: list[str]) -> npt.NDArray[np.float64]:
    """What the models believe of each train caption, (n,), in the order of `ids`.

    Raises:
        UserError: the models were trained on other captions.
    """
    path = folder / _CORRESPONDENCE
    table = pd.read_parquet(path)
    if table["id"].tolist() != ids:
        raise UserError(f"{path} is of other captions than the stage pairs wrote; train again")
    return table["correspondence"].to_numpy()
