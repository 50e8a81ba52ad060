"""The parameters of stages/search."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from pipeline.errors import UserError
from pipeline.params.base import (
    Changes,
    Count,
    Positive,
    Section,
    Seed,
    check_section,
    read_section,
)
from pipeline.params.project import TrainParams

PARAMS_FILE = Path("stages/search/params.yaml")


class KeywordParams(Section):
    source: Literal["given", "mined"]
    min_df: Count
    fit_split: Literal["train", "dev", "train+test"]
    order: Literal["id", "list"]
    legacy_row0: bool
    per_image: Count
    ridge: Positive
    folds: Annotated[int, Field(ge=2)]


class QueryParams(Section):
    encoder: Literal["mean", "gru", "lstm"]
    width: Count


class NetworkParams(Section):
    """AMC, or one of its ablations."""

    modalities: Literal["amc", "van", "lan", "late_fusion"]
    width: Count
    activation: Literal["relu", "tanh"]
    pool: Literal["sum", "mean"]
    unit: bool


class RankingParams(Section):
    margin: Positive
    negatives: Count
    hinge: Literal["per_negative", "summed"]


class EvaluateParams(Section):
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
    evaluate: EvaluateParams
    seeds: Annotated[list[Seed], Field(min_length=1)]
    variants: dict[str, Changes]

    def variant(self, name: str, seed: int) -> "SearchParams":
        """These parameters with the changes of a variant and another seed.

        Raises:
            UserError: there is no such variant, or no such parameter.
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
