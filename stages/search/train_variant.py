"""Train one row of `variants` over all seeds: python -m stages.search.train_variant amc"""

import sys

from pipeline.search.configuration import SearchInputs
from pipeline.search.params import load_search_params
from pipeline.search.reports import write_figures
from pipeline.search.variants import train_variant
from pipeline.search.visual import Visual
from stages import run
from stages.search import paths


def main() -> None:
    name, search = sys.argv[1], load_search_params()
    visual = Visual.read(paths.VISUAL[search.visual], search.visual)
    inputs = SearchInputs.load(paths.QUERIES, paths.KEYWORDS, paths.GLOVE, visual)
    for seed in search.seeds:
        metrics = train_variant(search.variant(name, seed), inputs)
        write_figures(paths.VARIANTS / name / f"{seed}.json", metrics)


if __name__ == "__main__":
    run(main)
