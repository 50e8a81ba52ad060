"""The parameters of stages/search: read from its own params.yaml and checked."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params import (
    Count,
    NonNegativeInt,
    Positive,
    Section,
    TrainParams,
    check_section,
    read_section,
)

PARAMS_FILE = Path("stages/search/params.yaml")

Changes = dict[str, dict[str, Any]]


class KeywordParams(Section):
    """What pictures' keywords are, and how many of them a picture gets that has to be tagged."""

    source: Literal["given", "mined"]
    min_df: Count
    fit_split: Literal["train", "dev", "train+test"]
    order: Literal["id", "list"]
    legacy_row0: bool
    per_picture: Count
    ridge: Positive
    folds: Annotated[int, Field(ge=2)]


class QueryParams(Section):
    """How the words of a query become one vector."""

    encoder: Literal["mean", "gru"]
    width: Count


class NetworkParams(Section):
    """AMC, or what its ablations leave of it."""

    modalities: Literal["amc", "van", "lan", "late_fusion"]
    width: Count
    activation: Literal["relu", "tanh"]
    pool: Literal["sum", "mean"]
    unit: bool


class RankingParams(Section):
    """The loss: its margin, how many negatives a query meets, how their hinges are joined."""

    margin: Positive
    negatives: Count
    hinge: Literal["per_negative", "summed"]


class JudgingParams(Section):
    """Which pictures a query ranks, what a click is worth, and queries nothing is relevant to."""

    candidates: Literal["all", "listed"]
    gain: Literal["binary", "clicks"]
    without_relevant: Literal["skip", "zero"]


class SearchParams(Section):
    """stages/search/params.yaml as a whole."""

    visual: Literal["regions", "scenes"]
    keywords: KeywordParams
    query: QueryParams
    network: NetworkParams
    ranking: RankingParams
    train: TrainParams
    evaluate: JudgingParams
    seeds: Annotated[list[NonNegativeInt], Field(min_length=1)]
    variants: dict[str, Changes]

    def variant(self, name: str, seed: int) -> "SearchParams":
        """These parameters with what a variant changes, and another seed.

        Raises:
            UserError: there is no such variant, or it changes what is not there.
        """
        if name not in self.variants:
            known = ", ".join(self.variants)
            raise UserError(f"{PARAMS_FILE}: no variant {name!r}; there are: {known}")
        values = self.model_dump()
        for section, settings in self.variants[name].items():
            values[section] = {**values.get(section, {}), **settings}
        values["train"]["seed"] = seed
        return check_section(SearchParams, values, f"{PARAMS_FILE}, variant {name}")


def load_search_params(path: Path = PARAMS_FILE) -> SearchParams:
    """Read and check stages/search/params.yaml; UserError names every fault."""
    return read_section(SearchParams, path)
