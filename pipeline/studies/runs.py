"""Trains many small models in parallel, and writes their predictions for the test pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from joblib import Parallel, delayed
from tqdm import tqdm

from pipeline.dataset.predictions import Predictions
from pipeline.files import whole_file

Setting = Mapping[str, float | str]


@dataclass(frozen=True)
class Run:
    """One training: `train` returns the model's predictions for the test pairs.

    setting: how it differs from the other runs of its table, besides the seed.
    """

    seed: int
    train: Callable[[], Predictions]
    setting: Setting


def perform(runs: Sequence[Run], labels: Sequence[str], workers: int, title: str) -> pd.DataFrame:
    """Train all runs, `workers` at a time, each on one thread, so that results do not depend on it.

    Returns one line per run and test pair: the run's seed and setting, id, gold, a probability
    per label.

    Raises:
        UserError: that of a run; the others are then stopped.
    """
    # Workers map arrays: a feature file's from there, others from one file of joblib's.
    pool = Parallel(workers, return_as="generator_unordered")
    performed = pool(delayed(_perform)(place, run.train) for place, run in enumerate(runs))
    predictions = dict(tqdm(performed, total=len(runs), desc=title, unit="run"))
    lines = [_lines(run, predictions[place], labels) for place, run in enumerate(runs)]
    return pd.concat(lines, ignore_index=True)


def _perform(place: int, train: Callable[[], Predictions]) -> tuple[int, Predictions]:
    torch.set_num_threads(1)
    return place, train()


def _lines(run: Run, found: Predictions, labels: Sequence[str]) -> pd.DataFrame:
    votes = {f"p_{label}": found.probabilities[:, i] for i, label in enumerate(labels)}
    gold = [labels[i] for i in found.gold]
    return pd.DataFrame({"seed": run.seed, **run.setting, "id": found.ids, "gold": gold, **votes})


def write_runs(path: Path, table: pd.DataFrame) -> None:
    """Write the table that `perform` returned."""
    with whole_file(path) as temporary:
        table.to_parquet(temporary, index=False)
