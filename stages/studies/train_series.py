"""Train AnANet along one series of settings: python -m stages.studies.train_series label_noise"""

import sys

from pipeline.params.project import load_params
from pipeline.params.studies import changed, load_study_params
from pipeline.studies.runs import perform, write_runs
from pipeline.studies.variants import curve_runs, sweep_runs
from stages import run
from stages.studies import paths


def main() -> None:
    name, study = sys.argv[1], load_study_params()
    params = load_params()
    if name == "sweep":
        runs = sweep_runs(study, changed(params, study.settings))
    else:
        runs = curve_runs(name, study, params)
    title = name.replace("_", " ")
    write_runs(
        paths.RUNS / f"{name}.parquet", perform(runs, params.corpus.labels, study.workers, title)
    )


if __name__ == "__main__":
    run(main)
