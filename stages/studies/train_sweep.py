"""Train AnANet at every point of the grid of lambda and eta (Fig. 4)."""

from itertools import product

from pipeline.params import load_params
from pipeline.studies.params import changed, load_study_params
from pipeline.studies.runs import Run, perform, write_runs
from pipeline.studies.variants import ananet_run
from pipeline.training.data import PairFeatures
from stages import run
from stages.studies import paths


def main() -> None:
    study = load_study_params()
    params = changed(load_params(), study.settings)
    features = PairFeatures.load(params.corpus.labels, params.model, regions=paths.REGIONS)
    runs = []
    for weight, eta in product(study.sweep.lambda_, study.sweep.eta):
        point = {"lambda": weight, "eta": eta}
        at_point = changed(params, {"fusion": point})
        runs += [
            Run(seed, ananet_run(at_point, features, seed), point)
            for seed in range(study.sweep.seeds)
        ]
    table = perform(runs, params.corpus.labels, study.workers, "lambda and eta")
    write_runs(paths.SWEEP, table)


if __name__ == "__main__":
    run(main)
