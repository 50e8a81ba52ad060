"""Figures of a part, from the files that its points made."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.studies.tables.published import Entry
from pipeline.studies.tables.runs import Runs, by_setting, test_images
from pipeline.studies.tables.statistics import Bootstrap, scores, spread
from pipeline.studies.tables.tables import score_table, setting_table

# By point.
Kept = Mapping[str, Path]
_RESAMPLES = 2000
# The row that others are compared with, where there is one: AnANet from pretrained encoders.
_REFERENCE = "pretrained"
_PAPER = "ananet"
_PAIRS = "pairs.parquet"
_CURVE = "learning_curve.parquet"


def files(kept: Kept) -> dict[str, Any]:
    """The kept JSON and Markdown files by name, of each point."""
    return {
        point: {
            path.name: _content(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in (".json", ".md")
        }
        for point, folder in kept.items()
    }


def studies(kept: Kept, reference: str = _REFERENCE) -> dict[str, Any]:
    """Rows of the studies, with the points as folds: each score with its interval, and differences
    from the reference, or from the paper's AnANet without it; the learning curve, if it is kept."""
    images = [image for folder in kept.values() for image in test_images(folder / _PAIRS)]
    bootstrap, labels = Bootstrap(images, _RESAMPLES, seed=0), _labels(kept)
    files_of = [_rows(folder) for folder in kept.values()]
    names = sorted(files_of[0])
    rows = {
        name: Runs.joined([Runs.of(pd.read_parquet(files[name]), labels) for files in files_of])
        for name in names
    }
    reference = reference if reference in rows else _PAPER
    entries = [Entry(row=name, method=name) for name in names]
    table = score_table(entries, rows, bootstrap, reference)
    found: dict[str, Any] = {"pairs": len(images), "images": len({*images}), "runs": _runs(rows)}
    lines = [line | _of_classes(rows[line["row"]], labels) for line in _lines(table)]
    found |= {"reference": reference, "rows": lines}
    if (_folder(kept) / _CURVE).exists():
        found["learning_curve"] = _learning_curve(kept, rows, labels, bootstrap)
    return found


def points(kept: Kept) -> dict[str, Any]:
    """The same for each point by itself."""
    return {point: studies({point: folder}) for point, folder in kept.items()}


SUMMARIES: dict[str, Callable[[Kept], dict[str, Any]]] = {
    "files": files,
    "studies": studies,
    "paper": partial(studies, reference=_PAPER),
    "points": points,
}


def _of_classes(row: Runs, labels: list[str]) -> dict[str, float]:
    """Mean and standard deviation of each class's F1."""
    f1 = 100 * scores(row)["f1"]  # (S, C)
    found: dict[str, float] = {}
    for i, label in enumerate(labels):
        found[f"f1.{label}"] = round(float(f1[:, i].mean()), 4)
        found[f"f1.{label}_sd"] = round(spread(f1[:, i]), 4)
    return found


def _learning_curve(
    kept: Kept, rows: Mapping[str, Runs], labels: list[str], bootstrap: Bootstrap
) -> list[dict[str, Any]]:
    columns = ["variant", "fraction"]
    tables = [pd.read_parquet(folder / _CURVE) for folder in kept.values()]
    folds = [by_setting(table, columns, labels) for table in tables]
    joined = [
        (setting, Runs.joined([fold[i][1] for fold in folds]))
        for i, (setting, _) in enumerate(folds[0])
    ]
    variants = dict.fromkeys(str(setting["variant"]) for setting, _ in joined)
    joined += [({"variant": name, "fraction": 1.0}, rows[name]) for name in variants]
    return _lines(setting_table(joined, bootstrap))


def _lines(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The table's lines without empty cells, rounded."""
    lines = json.loads(table.round(4).to_json(orient="records"))
    return [{key: value for key, value in line.items() if value is not None} for line in lines]


def _labels(kept: Kept) -> list[str]:
    """The class names, in the model's order, from the columns of any row."""
    table = pd.read_parquet(next(iter(_rows(_folder(kept)).values())))
    return [name.removeprefix("p_") for name in table.columns if name.startswith("p_")]


def _runs(rows: Mapping[str, Runs]) -> int:
    return max(len(row.probabilities) for row in rows.values())


def _folder(kept: Kept) -> Path:
    return next(iter(kept.values()))


def _rows(folder: Path) -> dict[str, Path]:
    """The file of each row's runs."""
    files = sorted(folder.rglob("*.parquet"))
    return {path.stem: path for path in files if path.name not in (_PAIRS, _CURVE)}


def _content(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else text
