"""Calibration of rows, over all of their runs together."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipeline.studies.runs import Judged
from pipeline.studies.tables import markdown
from pipeline.training.calibration import Reliability, reliability


def reliabilities(rows: Mapping[str, Judged], bins: int) -> dict[str, Reliability]:
    """Each row's predictions of all runs, by confidence."""
    found = {}
    for name, row in rows.items():
        runs, _, classes = row.probabilities.shape
        gold = np.tile(row.gold, runs)  # (S * n,)
        found[name] = reliability(gold, row.probabilities.reshape(-1, classes), bins)
    return found


def calibration_table(found: Mapping[str, Reliability]) -> pd.DataFrame:
    """A line per row: confidence, accuracy and expected calibration error, in percent."""
    lines = []
    for name, bins in found.items():
        shares = bins.count / bins.count.sum()
        lines.append(
            {
                "row": name,
                "confidence": 100 * float(shares @ bins.confidence),
                "accuracy": 100 * float(shares @ bins.accuracy),
                "ece": 100 * bins.error,
            }
        )
    return pd.DataFrame(lines)


def calibration_lines(table: pd.DataFrame) -> str:
    """The calibration table in Markdown."""
    headers = ["row", "mean confidence", "accuracy", "expected calibration error"]
    cells = [
        [line["row"], *(f"{line[name]:.1f}" for name in ("confidence", "accuracy", "ece"))]
        for _, line in table.iterrows()
    ]
    return markdown(headers, cells)
