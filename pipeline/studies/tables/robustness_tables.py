"""Tables and figures of the studies beyond the paper: robustness, losses and calibration."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.metrics.calibration import Reliability, reliability
from pipeline.params.studies import LabelNoiseParams, LearningCurveParams
from pipeline.studies.tables.figures import draw_classes, draw_lines, draw_reliability
from pipeline.studies.tables.published import Entry
from pipeline.studies.tables.runs import Runs, by_setting
from pipeline.studies.tables.statistics import Bootstrap
from pipeline.studies.tables.tables import (
    Notes,
    class_lines,
    class_table,
    markdown,
    score_lines,
    score_table,
    setting_lines,
    setting_table,
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

    whole: the column's value for runs on all train pairs and their true labels. axis: its label.
    """

    name: str
    column: str
    whole: float
    axis: str
    settings: LearningCurveParams | LabelNoiseParams


@dataclass(frozen=True)
class RobustnessTables:
    """Writes them to a folder.

    rows: the runs of AnANet's variants by name. titles: of variants, where they differ from names.
    """

    folder: Path
    rows: Mapping[str, Runs]
    labels: list[str]
    titles: Mapping[str, str]
    bootstrap: Bootstrap
    notes: Notes

    def curve(self, curve: Curve, runs: pd.DataFrame) -> None:
        """Write one of the two curves, from the runs at its points."""
        runs = runs.rename(columns={"variant": "method"})
        runs["method"] = runs["method"].map(self._title)
        points = by_setting(runs, ["method", curve.column], self.labels)
        for row in curve.settings.variants:
            end = {"method": self._title(row), curve.column: curve.whole}
            runs_of = self.rows[row]
            first = runs_of.probabilities[: curve.settings.seeds]
            points.append((end, replace(runs_of, probabilities=first)))
        table = setting_table(points, self.bootstrap).sort_values(["method", curve.column])
        title = curve.name.replace("_", " ").capitalize()
        intro = self.notes.intro(curve.settings.seeds)
        lines = setting_lines(table, ["method", curve.column])
        write_table(self.folder, curve.name, table, f"# {title}", intro, lines)
        draw_lines(self.folder / curve.name, table, curve.column, curve.axis)

    def losses(self, seeds: int) -> None:
        """Compare the paper's classification loss with two for rare classes."""
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
        draw_classes(self.folder / "imbalance", classes)

    def calibration(self, names: list[str], bins: int) -> None:
        """Compare the confidence of some rows with their accuracy, over all runs."""
        found = {self._title(name): _reliability(self.rows[name], bins) for name in names}
        table = pd.DataFrame([_calibration(name, each) for name, each in found.items()])
        write_table(
            self.folder,
            "calibration",
            table,
            "# Calibration",
            "Expected calibration error over all runs: the mean gap of confidence and accuracy.",
            _calibration_lines(table),
        )
        draw_reliability(self.folder / "calibration", found)

    def _title(self, row: str) -> str:
        return self.titles.get(row, row)


def _reliability(row: Runs, bins: int) -> Reliability:
    runs, _, classes = row.probabilities.shape
    gold = np.tile(row.gold, runs)  # (S * n,)
    return reliability(gold, row.probabilities.reshape(-1, classes), bins)


def _calibration(name: str, found: Reliability) -> dict[str, object]:
    """Mean confidence, accuracy and expected calibration error, in percent."""
    shares = found.count / found.count.sum()
    return {
        "row": name,
        "confidence": 100 * float(shares @ found.confidence),
        "accuracy": 100 * float(shares @ found.accuracy),
        "ece": 100 * found.error,
    }


def _calibration_lines(table: pd.DataFrame) -> str:
    headers = ["row", "mean confidence", "accuracy", "expected calibration error"]
    cells = [
        [line["row"], *(f"{line[name]:.1f}" for name in ("confidence", "accuracy", "ece"))]
        for _, line in table.iterrows()
    ]
    return markdown(headers, cells)
