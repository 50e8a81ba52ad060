"""Beyond the paper: fewer pairs, wrong labels, losses for the rare class, calibration."""

from pipeline.params import load_params
from pipeline.studies.params import load_study_params
from pipeline.studies.published import published
from pipeline.studies.robustness_tables import LOSSES, Curve, RobustnessTables
from pipeline.studies.rows import bootstrap_of, notes_of, read_rows
from pipeline.studies.runs import read_runs
from stages import run
from stages.studies import paths


def main() -> None:
    study, params, paper = load_study_params(), load_params(), published()
    labels = params.corpus.labels
    curve, noise, calibrated = study.learning_curve, study.label_noise, study.report.calibrated
    names = {entry.row for entry in LOSSES} | {*curve.variants, *noise.variants, *calibrated}
    rows = read_rows(paths.VARIANTS, sorted(names), labels)
    pairs = len(rows["ananet"].gold)
    titles = {entry.row: entry.method for entry in [*paper.table4, *paper.table5]}
    bootstrap, notes = bootstrap_of(study, pairs), notes_of(study, params, paper, pairs)
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
