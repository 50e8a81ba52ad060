"""Beyond the paper: fewer pairs, wrong labels, losses for the rare class, calibration."""

from pipeline import paths as project
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params
from pipeline.studies.tables.published import published
from pipeline.studies.tables.robustness_tables import LOSSES, Curve, RobustnessTables
from pipeline.studies.tables.runs import read_rows, read_runs, test_images
from pipeline.studies.tables.statistics import Bootstrap
from pipeline.studies.tables.tables import Notes
from stages import run
from stages.studies import paths


def main() -> None:
    study, params, paper = load_study_params(), load_params(), published()
    labels = params.corpus.labels
    curve, noise, calibrated = study.learning_curve, study.label_noise, study.report.calibrated
    names = {entry.row for entry in LOSSES} | {*curve.variants, *noise.variants, *calibrated}
    rows = read_rows(paths.VARIANTS, sorted(names), labels)
    images = test_images(project.PAIRS)
    titles = {entry.row: entry.method for entry in [*paper.table4, *paper.table5]}
    bootstrap = Bootstrap(images, study.report.resamples, study.report.seed)
    notes = Notes(params.corpus.path, len(images), paper.corpus)
    tables = RobustnessTables(paths.ROBUSTNESS, rows, labels, titles, bootstrap, notes)

    axis = "percent of the train pairs"
    fewer = Curve("learning_curve", "fraction", 1.0, axis, curve)
    tables.curve(fewer, read_runs(paths.LEARNING_CURVE))
    axis = "percent of the train labels that are wrong"
    wrong = Curve("label_noise", "rate", 0.0, axis, noise)
    tables.curve(wrong, read_runs(paths.LABEL_NOISE))
    tables.losses(study.seeds)
    tables.calibration(calibrated, study.report.bins)


if __name__ == "__main__":
    run(main)
