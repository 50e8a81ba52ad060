"""Train one baseline of `baselines` over all seeds: python -m stages.studies.train_baseline tfn"""

import sys

from pipeline.params.project import load_params
from pipeline.params.studies import changed, load_study_params, named
from pipeline.studies.baselines import baseline_run, load_features
from pipeline.studies.runs import Run, perform, write_runs
from stages import run
from stages.studies import paths


def main() -> None:
    name = sys.argv[1]
    study = load_study_params()
    params = changed(load_params(), study.settings)
    row = named(study.baselines, "baseline", name)
    features = load_features(row, params)
    seeds = range(study.seeds)
    runs = [Run(seed, baseline_run(row, params, features, seed), {}) for seed in seeds]
    table = perform(runs, params.corpus.labels, study.workers, name)
    write_runs(paths.BASELINES / f"{name}.parquet", table)


if __name__ == "__main__":
    run(main)
