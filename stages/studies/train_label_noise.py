"""Train variants of AnANet on wrong labels."""

from pipeline.params import load_params
from pipeline.studies.params import changed, load_study_params
from pipeline.studies.robustness import with_label_noise
from pipeline.studies.runs import Run, Setting, perform, write_runs
from pipeline.studies.variants import ananet_run
from pipeline.training.data import PairFeatures
from stages import run
from stages.studies import paths


def main() -> None:
    study = load_study_params()
    base = changed(load_params(), study.settings)
    labels = base.corpus.labels
    runs = []
    for name in study.label_noise.variants:
        params = changed(base, study.variant(name).changes)
        features = PairFeatures.load(labels, params.model, regions=paths.REGIONS)
        for rate in study.label_noise.rates:
            for seed in range(study.label_noise.seeds):
                wrong = with_label_noise(features, rate, len(labels), seed)
                setting: Setting = {"variant": name, "rate": rate}
                runs.append(Run(seed, ananet_run(params, wrong, seed), setting))
    table = perform(runs, labels, study.workers, "label noise")
    write_runs(paths.LABEL_NOISE, table)


if __name__ == "__main__":
    run(main)
