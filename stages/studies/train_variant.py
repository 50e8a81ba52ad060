"""Train one AnANet of `variants` over all seeds: python -m stages.studies.train_variant ananet"""

import sys

from pipeline.params import load_params
from pipeline.studies.params import changed, load_study_params
from pipeline.studies.runs import Run, perform, write_runs
from pipeline.studies.variants import ananet_run
from pipeline.training.data import PairFeatures
from stages import run
from stages.studies import paths


def main() -> None:
    name = sys.argv[1]
    study = load_study_params()
    row = study.variant(name)
    params = changed(load_params(), study.settings, row.changes)
    features = PairFeatures.load(params.corpus.labels, params.model, regions=paths.REGIONS)
    runs = [
        Run(seed, ananet_run(params, features, seed, row.classification, study.focal_gamma), {})
        for seed in range(study.seeds)
    ]
    table = perform(runs, params.corpus.labels, study.workers, name)
    write_runs(paths.VARIANTS / f"{name}.parquet", table)


if __name__ == "__main__":
    run(main)
