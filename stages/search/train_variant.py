"""Train one row of `variants` over all seeds: python -m stages.search.train_variant amc"""

import sys

from pipeline.metrics.writing import write_metrics
from pipeline.params.search import load_search_params
from pipeline.search.data.inputs import SearchInputs
from pipeline.search.features.visual import Visual
from pipeline.search.training.loop import train_variant
from stages import run
from stages.search import paths


def main() -> None:
    name, search = sys.argv[1], load_search_params()
    visual = Visual.read(paths.VISUAL[search.visual], search.visual)
    inputs = SearchInputs.load(paths.QUERIES, paths.KEYWORDS, paths.GLOVE, visual)
    for seed in search.seeds:
        metrics = train_variant(search.variant(name, seed), inputs)
        write_metrics(paths.VARIANTS / name / f"{seed}.json", metrics)


if __name__ == "__main__":
    run(main)
