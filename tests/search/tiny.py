"""Small models and images for tests of search."""

from typing import Any

import torch
from torch import Tensor

from pipeline.models.search.amc import AMC, AMCConfig, Images
from pipeline.params.search import NetworkParams, QueryParams, SearchParams, load_search_params
from tests.tiny import ROOT

FILE = ROOT / "stages" / "search" / "params.yaml"
D_V, D_W, R, WORDS = 4, 3, 5, 6


def tiny_params(**changes: Any) -> SearchParams:
    """stages/search/params.yaml with narrow networks; changes by section."""
    values = load_search_params(FILE).model_dump()
    values["network"]["width"] = values["query"]["width"] = 3
    values["train"] |= {"epochs": 2, "batch_size": 8, "device": "cpu"}
    for section, settings in changes.items():
        values[section] = {**values[section], **settings}
    return SearchParams.model_validate(values)


def tiny_model(query: str = "mean", **network: Any) -> AMC:
    """A model of six keywords whose weights and moments are drawn at random."""
    torch.manual_seed(0)
    params = tiny_params(network=network, query={"encoder": query})
    config = AMCConfig(
        visual="regions",
        visual_dim=D_V,
        word_dim=D_W,
        vocabulary=[f"k{i}" for i in range(WORDS)],
        encoders={},
        query=QueryParams.model_validate(params.query.model_dump()),
        network=NetworkParams.model_validate(params.network.model_dump()),
    )
    model = AMC(config, torch.randn(WORDS, D_W))
    model.standardize(torch.randn(D_V), torch.rand(D_V) + 0.5)
    return model.eval()


def tiny_images(count: int = 4) -> Images:
    """Images of five regions and three keywords, the second of two regions and one keyword."""
    torch.manual_seed(1)
    visual_mask = torch.ones(count, R, dtype=torch.bool)
    keyword_mask = torch.ones(count, 3, dtype=torch.bool)
    visual_mask[1, 2:] = False
    keyword_mask[1, 1:] = False
    return Images(
        torch.randn(count, R, D_V),
        visual_mask,
        torch.randint(WORDS, (count, 3)),
        keyword_mask,
    )


def tiny_queries(count: int = 3) -> tuple[Tensor, Tensor]:
    """Queries of four words, the first of two."""
    torch.manual_seed(2)
    mask = torch.ones(count, 4, dtype=torch.bool)
    mask[0, 2:] = False
    return torch.randn(count, 4, D_W) * mask.unsqueeze(-1), mask
