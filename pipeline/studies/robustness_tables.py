"""The tables and figures of what the paper did not vary."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.studies.calibrate import calibration_lines, calibration_table, reliabilities
from pipeline.studies.figures import draw_classes, draw_lines, draw_reliability
from pipeline.studies.params import LabelNoiseParams, LearningCurveParams
from pipeline.studies.published import Entry
from pipeline.studies.rows import by_setting, setting_table
from pipeline.studies.runs import Judged, first_runs
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

LOSSES = (
    Entry(row="ananet", method="cross-entropy (Eq. 19)"),
    Entry(row="class_weighted", method="class-weighted"),
    Entry(row="focal", method="focal"),
)


@dataclass(frozen=True)
class Curve:
    """Accuracy over one column of the runs.

    whole: the column's value for the runs of `rows`, which learned from all of the true labels.
    axis: what the figure says below it.
    """

    name: str
    column: str
    whole: float
    axis: str
    settings: LearningCurveParams | LabelNoiseParams


@dataclass(frozen=True)
class RobustnessTables:
    """Writes them to a folder.

    rows: the runs of AnANet's variants, by name. titles: the names of variants that have one.
    """

    folder: Path
    rows: Mapping[str, Judged]
    labels: list[str]
    titles: Mapping[str, str]
    bootstrap: Bootstrap
    notes: Notes

    def curve(self, curve: Curve, runs: pd.DataFrame) -> None:
        """One of the two curves, from the runs at its points."""
        runs = runs.rename(columns={"variant": "method"})
        runs["method"] = runs["method"].map(self._title)
        points = by_setting(runs, ["method", curve.column], self.labels)
        for row in curve.settings.variants:
            end = {"method": self._title(row), curve.column: curve.whole}
            points.append((end, first_runs(self.rows[row], curve.settings.seeds)))
        table = setting_table(points, self.bootstrap).sort_values(["method", curve.column])
        title = curve.name.replace("_", " ").capitalize()
        intro = self.notes.intro(curve.settings.seeds)
        lines = setting_lines(table, ["method", curve.column])
        write_table(self.folder, curve.name, table, f"# {title}", intro, lines)
        draw_lines(self.folder / f"{curve.name}.png", table, curve.column, curve.axis, title)

    def losses(self, seeds: int) -> None:
        """AnANet with the paper's classification loss and with two for rare classes."""
        table = score_table(LOSSES, self.rows, self.bootstrap, "ananet")
        classes = class_table(LOSSES, self.rows, self.labels)
        write_table(
            self.folder,
            "imbalance",
            table,
            "# Losses for a rare class",
            self.notes.intro(seeds),
            score_lines(table, LOSSES, "cross-entropy"),
            self.notes.test("cross-entropy"),
            class_lines(classes, LOSSES, self.labels),
        )
        draw_classes(self.folder / "imbalance.png", classes, "F1 per class by loss")

    def calibration(self, names: list[str], bins: int) -> None:
        """How far the confidence of some rows is from their accuracy."""
        found = reliabilities({self._title(name): self.rows[name] for name in names}, bins)
        table = calibration_table(found)
        write_table(
            self.folder,
            "calibration",
            table,
            "# Calibration",
            "Expected calibration error over all runs: the mean gap of confidence and accuracy.",
            calibration_lines(table),
        )
        draw_reliability(self.folder / "calibration.png", found, "Reliability")

    def _title(self, row: str) -> str:
        return self.titles.get(row, row)
