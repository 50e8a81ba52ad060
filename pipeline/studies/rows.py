"""The trained rows of a study, read back, and what every table says about them."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.params import Params
from pipeline.studies.params import StudyParams
from pipeline.studies.published import Published
from pipeline.studies.runs import Judged, judged, read_runs
from pipeline.studies.statistics import METRICS, Bootstrap
from pipeline.studies.tables import Notes

# A setting of runs, and what they say.
Point = tuple[dict[str, object], Judged]


def read_rows(folder: Path, names: Iterable[str], labels: list[str]) -> dict[str, Judged]:
    """The runs of rows by name, each from folder/<name>.parquet."""
    return {name: judged(read_runs(folder / f"{name}.parquet"), labels) for name in names}


def by_setting(table: pd.DataFrame, columns: list[str], labels: list[str]) -> list[Point]:
    """The runs of each setting: its values in `columns`, and what the runs say."""
    return [
        (dict(zip(columns, values, strict=True)), judged(runs, labels))
        for values, runs in table.groupby(columns, sort=False)
    ]


def setting_table(points: Iterable[Point], bootstrap: Bootstrap) -> pd.DataFrame:
    """A line per setting: its values, accuracy and weighted F1 with their spread, in percent."""
    lines = []
    for setting, found in points:
        line: dict[str, object] = dict(setting)
        for metric in METRICS:
            summary = bootstrap.summary(found, metric)
            line |= {
                metric: 100 * summary.mean,
                f"{metric}_sd": 100 * summary.sd,
                f"{metric}_low": 100 * summary.low,
                f"{metric}_high": 100 * summary.high,
            }
        lines.append(line)
    return pd.DataFrame(lines)


def bootstrap_of(study: StudyParams, pairs: int) -> Bootstrap:
    """The resamples that all of a study's tables use."""
    return Bootstrap(pairs, study.report.resamples, study.report.seed)


def notes_of(study: StudyParams, params: Params, paper: Published, pairs: int) -> Notes:
    """What is the same around all tables."""
    return Notes(params.corpus.path, pairs, study.components, paper.corpus, paper.caveats)
