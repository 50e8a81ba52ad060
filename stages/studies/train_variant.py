"""Train one AnANet of `variants` over all seeds: python -m stages.studies.train_variant ananet"""

import sys
from functools import partial

from pipeline.dataset.reading import load_pairs
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params, named, variant_params
from pipeline.studies.runs import Run, perform, write_runs
from pipeline.studies.variants import train_ananet
from stages import run
from stages.studies import paths


def main() -> None:
    name = sys.argv[1]
    study = load_study_params()
    row = named(study.variants, "variant", name)
    params = variant_params(load_params(), study, row)
    labels = params.corpus.labels
    features = load_pairs(labels, params.model)
    runs = [
        Run(seed, partial(train_ananet, params, features, seed), {}) for seed in range(study.seeds)
    ]
    table = perform(runs, labels, study.workers, name)
    write_runs(paths.VARIANTS / f"{name}.parquet", table)


if __name__ == "__main__":
    run(main)
