"""Fit a linear head to a dual encoder of `clip`: python -m stages.studies.train_clip siglip"""

import sys
from functools import partial

import pandas as pd

from pipeline import paths as project
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params, named
from pipeline.studies.clip import predict_clip
from pipeline.studies.runs import Run, perform, write_runs
from stages import run
from stages.studies import paths


def main() -> None:
    name = sys.argv[1]
    study, labels = load_study_params(), load_params().corpus.labels
    named(study.clip, "dual encoder", name)
    pairs, folder = pd.read_parquet(project.PAIRS), paths.CLIP / name
    train = partial(
        predict_clip, pairs, folder / paths.CLIP_IMAGES, folder / paths.CLIP_TEXTS, labels
    )
    runs = [Run(seed, partial(train, seed), {}) for seed in range(study.seeds)]
    write_runs(paths.BASELINES / f"{name}.parquet", perform(runs, labels, study.workers, name))


if __name__ == "__main__":
    run(main)
