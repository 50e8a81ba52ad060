"""Train variants of AnANet on fractions of the train split."""

from pipeline.params import load_params
from pipeline.studies.params import changed, load_study_params
from pipeline.studies.robustness import with_fraction
from pipeline.studies.runs import Run, Setting, perform, write_runs
from pipeline.studies.variants import ananet_run
from pipeline.training.data import PairFeatures
from stages import run
from stages.studies import paths


def main() -> None:
    study = load_study_params()
    base = changed(load_params(), study.settings)
    runs = []
    for name in study.learning_curve.variants:
        params = changed(base, study.variant(name).changes)
        features = PairFeatures.load(params.corpus.labels, params.model, regions=paths.REGIONS)
        for fraction in study.learning_curve.fractions:
            for seed in range(study.learning_curve.seeds):
                fewer = with_fraction(features, fraction, seed)
                setting: Setting = {"variant": name, "fraction": fraction}
                runs.append(Run(seed, ananet_run(params, fewer, seed), setting))
    table = perform(runs, base.corpus.labels, study.workers, "learning curve")
    write_runs(paths.LEARNING_CURVE, table)


if __name__ == "__main__":
    run(main)
