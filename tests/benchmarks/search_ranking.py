"""Ranking of images with an index against a loop that scores them one by one.

python -m tests.benchmarks.search_ranking [--images 10000] [--runs 5]
"""

from argparse import ArgumentParser

import numpy as np
import torch

from pipeline.cores import core_count
from pipeline.models.search.amc import AMC, AMCConfig, Encoded, Images, fused, joined
from pipeline.params.search import PARAMS_FILE, load_search_params
from pipeline.search.data.ranking import Index
from tests.benchmarks.measuring import Ratio, alternate, medians, report

REGIONS, VISUAL, WORD, KEYWORDS, VOCABULARY, QUERY = 36, 1024, 50, 10, 2000, 6
# Images that the loop scores; its time is proportional to their number.
LOOPED = 500
_AT_ONCE = 500

Query = tuple[torch.Tensor, torch.Tensor]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    model = new_model()
    encoded = encode(model, arguments.images)
    index = Index(model, encoded)
    query = torch.randn(1, QUERY, WORD), torch.ones(1, QUERY, dtype=torch.bool)
    looped = min(LOOPED, arguments.images)
    check(index, model, query, encoded, looped)
    with torch.inference_mode():
        seconds = alternate(
            arguments.runs,
            index=lambda: rank(index, query),
            loop=lambda: rank_one_by_one(model, query, encoded, looped),
        )
    share = arguments.images / looped
    seconds["loop"] = [value * share for value in seconds["loop"]]
    report(
        "search_ranking",
        "speed of ranking images for a query against scoring them one by one",
        Ratio.of(seconds["loop"], seconds["index"]),
        "at least 10, and at most 0.1 s",
        images=arguments.images,
        threads=torch.get_num_threads(),
        cores=core_count(),
        **medians(seconds),
    )


def new_model() -> AMC:
    params = load_search_params(PARAMS_FILE)
    config = AMCConfig(
        visual="regions",
        visual_dim=VISUAL,
        word_dim=WORD,
        vocabulary=[str(number) for number in range(VOCABULARY)],
        encoders={},
        query=params.query,
        network=params.network,
    )
    return AMC(config, torch.randn(VOCABULARY, WORD)).eval()


def encode(model: AMC, count: int) -> list[Encoded]:
    """Encode random images in parts, as an index does, without keeping their features."""
    parts = [encode_part(model, min(_AT_ONCE, count - i)) for i in range(0, count, _AT_ONCE)]
    return joined(parts)


@torch.inference_mode()
def encode_part(model: AMC, count: int) -> list[Encoded]:
    images = Images(
        torch.randn(count, REGIONS, VISUAL),
        torch.ones(count, REGIONS, dtype=torch.bool),
        torch.randint(VOCABULARY, (count, KEYWORDS)),
        torch.ones(count, KEYWORDS, dtype=torch.bool),
    )
    return model.encode(images)


def rank(index: Index, query: Query) -> object:
    return np.argsort(-index.scores(*query)[0], kind="stable")


def rank_one_by_one(model: AMC, query: Query, images: list[Encoded], count: int) -> object:
    scores = scores_one_by_one(model, query, images, count)
    return np.argsort(-scores.numpy(), kind="stable")


def scores_one_by_one(model: AMC, query: Query, images: list[Encoded], count: int) -> torch.Tensor:
    parts = [[each.rows(slice(i, i + 1)) for each in images] for i in range(count)]
    return torch.cat([fused(model(*query, part)).scores[0] for part in parts])


@torch.inference_mode()
def check(index: Index, model: AMC, query: Query, images: list[Encoded], count: int) -> None:
    """Both ways give the same scores, which also warms them up."""
    whole = torch.from_numpy(index.scores(*query)[0, :count])
    torch.testing.assert_close(scores_one_by_one(model, query, images, count), whole)


if __name__ == "__main__":
    main()
