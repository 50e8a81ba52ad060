"""Beyond the paper: fewer pairs, wrong labels, losses for the rare class, calibration."""

from collections.abc import Mapping

from pipeline.params import load_params
from pipeline.studies.calibrate import calibration_lines, calibration_table, reliabilities
from pipeline.studies.figures import draw_classes, draw_lines, draw_reliability
from pipeline.studies.params import LabelNoiseParams, LearningCurveParams, load_study_params
from pipeline.studies.published import Entry, published
from pipeline.studies.rows import (
    bootstrap_of,
    by_setting,
    notes_of,
    read_rows,
    setting_table,
)
from pipeline.studies.runs import Judged, first_runs, read_runs
from pipeline.studies.statistics import Bootstrap
from pipeline.studies.tables import (
    Notes,
    class_lines,
    class_table,
    score_lines,
    score_table,
    setting_lines,
    write_table,
)
from stages import run
from stages.studies import paths

OUT = paths.ROBUSTNESS
LOSSES = (
    Entry(row="ananet", method="cross-entropy (Eq. 19)"),
    Entry(row="class_weighted", method="class-weighted"),
    Entry(row="focal", method="focal"),
)


def main() -> None:
    study, params, paper = load_study_params(), load_params(), published()
    labels = params.corpus.labels
    curve, noise, calibrated = study.learning_curve, study.label_noise, study.report.calibrated
    names = {entry.row for entry in LOSSES} | {*curve.variants, *noise.variants, *calibrated}
    rows = read_rows(paths.VARIANTS, sorted(names), labels)
    pairs = len(rows["ananet"].gold)
    bootstrap, notes = bootstrap_of(study, pairs), notes_of(study, params, paper, pairs)
    titles = {entry.row: entry.method for entry in [*paper.table4, *paper.table5]}

    for name, column, whole, axis, settings in (
        ("learning_curve", "fraction", 1.0, "percent of the train pairs", curve),
        ("label_noise", "rate", 0.0, "percent of the train labels that are wrong", noise),
    ):
        ends = {
            (titles.get(row, row), whole): first_runs(rows[row], settings.seeds)
            for row in settings.variants
        }
        report_curve(name, column, axis, settings, ends, titles, labels, bootstrap, notes)
    report_losses(rows, labels, study.seeds, bootstrap, notes)
    report_calibration({titles.get(row, row): rows[row] for row in calibrated}, study.report.bins)


def report_curve(
    name: str,
    column: str,
    axis: str,
    settings: LearningCurveParams | LabelNoiseParams,
    ends: Mapping[tuple[str, float], Judged],
    titles: Mapping[str, str],
    labels: list[str],
    bootstrap: Bootstrap,
    notes: Notes,
) -> None:
    """Accuracy over a column of the runs; `ends` are those with all of the true labels."""
    file = {"learning_curve": paths.LEARNING_CURVE, "label_noise": paths.LABEL_NOISE}[name]
    runs = read_runs(file).rename(columns={"variant": "method"})
    runs["method"] = runs["method"].map(lambda row: titles.get(row, row))
    points = by_setting(runs, ["method", column], labels)
    points += [({"method": method, column: end}, found) for (method, end), found in ends.items()]
    table = setting_table(points, bootstrap).sort_values(["method", column])
    title = name.replace("_", " ").capitalize()
    lines = setting_lines(table, ["method", column])
    write_table(OUT, name, table, f"# {title}", notes.intro(settings.seeds), lines)
    draw_lines(OUT / f"{name}.png", table, column, axis, title)


def report_losses(
    rows: Mapping[str, Judged], labels: list[str], seeds: int, bootstrap: Bootstrap, notes: Notes
) -> None:
    """AnANet with the paper's classification loss and with two for rare classes."""
    table = score_table(LOSSES, rows, bootstrap, "ananet")
    classes = class_table(LOSSES, rows, labels)
    write_table(
        OUT,
        "imbalance",
        table,
        "# Losses for a rare class",
        notes.intro(seeds),
        score_lines(table, LOSSES, "cross-entropy"),
        notes.test("cross-entropy"),
        class_lines(classes, LOSSES, labels),
    )
    draw_classes(OUT / "imbalance.png", classes, "F1 per class by loss")


def report_calibration(rows: Mapping[str, Judged], bins: int) -> None:
    """How far each row's confidence is from its accuracy."""
    found = reliabilities(rows, bins)
    table = calibration_table(found)
    write_table(
        OUT,
        "calibration",
        table,
        "# Calibration",
        "Expected calibration error over all runs: the mean gap of confidence and accuracy.",
        calibration_lines(table),
    )
    draw_reliability(OUT / "calibration.png", found, "Reliability")


if __name__ == "__main__":
    run(main)
