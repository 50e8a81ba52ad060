"""Beyond the paper: fewer pairs, wrong labels, losses for the rare class, calibration."""

from pathlib import Path

import pandas as pd

from pipeline.params import load_params
from pipeline.studies.calibrate import calibration_lines, calibration_table, reliabilities
from pipeline.studies.figures import draw_classes, draw_lines, draw_reliability
from pipeline.studies.params import load_study_params
from pipeline.studies.published import Entry, published
from pipeline.studies.rows import (
    Point,
    bootstrap_of,
    by_setting,
    notes_of,
    read_rows,
    setting_table,
)
from pipeline.studies.runs import Judged, first_runs, read_runs
from pipeline.studies.tables import (
    class_lines,
    class_table,
    score_lines,
    score_table,
    setting_lines,
    write_table,
)
from stages import run
from stages.studies import paths

LOSSES = (
    Entry(row="ananet", method="cross-entropy (Eq. 19)"),
    Entry(row="class_weighted", method="class-weighted"),
    Entry(row="focal", method="focal"),
)


def main() -> None:
    study, params = load_study_params(), load_params()
    labels, out = params.corpus.labels, paths.ROBUSTNESS
    names = {
        *(entry.row for entry in LOSSES),
        *study.learning_curve.variants,
        *study.label_noise.variants,
        *study.report.calibrated,
    }
    rows = read_rows(paths.VARIANTS, sorted(names), labels)
    pairs = len(rows["ananet"].gold)
    bootstrap, notes = bootstrap_of(study, pairs), notes_of(params, published(), pairs)

    for name, column, title, label, file, end, settings in (
        (
            "learning_curve",
            "fraction",
            "Learning curve",
            "percent of the train pairs",
            paths.LEARNING_CURVE,
            1.0,
            study.learning_curve,
        ),
        (
            "label_noise",
            "rate",
            "Label noise",
            "percent of the train labels that are wrong",
            paths.LABEL_NOISE,
            0.0,
            study.label_noise,
        ),
    ):
        whole = {
            variant: first_runs(rows[variant], settings.seeds) for variant in settings.variants
        }
        points = with_end(file, column, end, whole, labels)
        table = setting_table(points, bootstrap).sort_values(["method", column])
        lines = setting_lines(table, ["method", column])
        write_table(out, name, table, f"# {title}", notes.intro(settings.seeds), lines)
        draw_lines(out / f"{name}.png", table, column, label, title)

    scored = score_table(LOSSES, rows, bootstrap, "ananet")
    classes = class_table(LOSSES, rows, labels)
    write_table(
        out,
        "imbalance",
        scored,
        "# Losses for a rare class",
        notes.intro(study.seeds),
        score_lines(scored, LOSSES, "cross-entropy"),
        class_lines(classes, labels),
    )
    draw_classes(out / "imbalance.png", classes, "F1 per class by loss")

    found = reliabilities({name: rows[name] for name in study.report.calibrated}, study.report.bins)
    table = calibration_table(found)
    write_table(
        out,
        "calibration",
        table,
        "# Calibration",
        "Expected calibration error over all runs: the mean gap of confidence and accuracy.",
        calibration_lines(table),
    )
    draw_reliability(out / "calibration.png", found, "Reliability")


def with_end(
    file: Path, column: str, end: float, whole: dict[str, Judged], labels: list[str]
) -> list[Point]:
    """The settings of a file of runs, and the rows that were trained on all of the true labels."""
    table: pd.DataFrame = read_runs(file).rename(columns={"variant": "method"})
    points = by_setting(table, ["method", column], labels)
    return [*points, *(({"method": name, column: end}, found) for name, found in whole.items())]


if __name__ == "__main__":
    run(main)
