"""Reads back what the runs of a row predict for the test pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.errors import UserError


@dataclass(frozen=True)
class Runs:
    """Predictions of S runs of one setting for the same n test pairs.

    gold: (n,) class indices. probabilities: (S, n, C). folds: (n,) the fold of each pair, where
    runs of several folds are joined; all 0 otherwise.
    """

    gold: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]
    folds: npt.NDArray[np.int64]

    @classmethod
    def of(cls, table: pd.DataFrame, labels: Sequence[str]) -> Self:
        """The lines of one setting's runs as arrays."""
        runs = [run for _, run in table.groupby("seed")]
        columns = [f"p_{label}" for label in labels]
        index = {label: i for i, label in enumerate(labels)}
        gold = np.array([index[name] for name in runs[0]["gold"]], dtype=np.int64)
        probabilities = np.stack([run[columns].to_numpy(np.float32) for run in runs])
        return cls(gold, probabilities, np.zeros_like(gold))

    @classmethod
    def joined(cls, folds: Sequence[Self]) -> Self:
        """The test pairs of all folds, one after the other; run i is the i-th of each."""
        return cls(
            np.concatenate([fold.gold for fold in folds]),
            np.concatenate([fold.probabilities for fold in folds], axis=1),
            np.repeat(np.arange(len(folds)), [len(fold.gold) for fold in folds]),
        )

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """The most probable class of each pair in each run (S, n)."""
        predicted: npt.NDArray[np.int64] = self.probabilities.argmax(-1)
        return predicted


# The values of a setting, and the predictions of its runs.
Point = tuple[dict[str, object], Runs]


def read_runs(path: Path) -> pd.DataFrame:
    """The table that `write_runs` wrote.

    Raises:
        UserError: the file is missing.
    """
    if not path.exists():
        raise UserError(f"{path} not found; run python -m stages repro stages/studies/dvc.yaml")
    return pd.read_parquet(path)


def read_rows(folder: Path, names: Iterable[str], labels: Sequence[str]) -> dict[str, Runs]:
    """The runs of rows by name, each from folder/<name>.parquet.

    Raises:
        UserError: the file of a row is missing.
    """
    return {name: Runs.of(read_runs(folder / f"{name}.parquet"), labels) for name in names}


def test_images(pairs: Path) -> list[str]:
    """The image of each test pair, by key, from a table like pairs.parquet; in its order, which is
    that of the runs."""
    table = pd.read_parquet(pairs, columns=["split", "image_key"])
    return table["image_key"][table["split"] == "test"].tolist()


def by_setting(table: pd.DataFrame, columns: list[str], labels: Sequence[str]) -> list[Point]:
    """The runs of each setting, which has its values in `columns`."""
    return [
        (dict(zip(columns, values, strict=True)), Runs.of(runs, labels))
        for values, runs in table.groupby(columns, sort=False)
    ]
