"""Trains many small models side by side, and keeps what each says about the test pairs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from tqdm import tqdm

from pipeline.errors import UserError
from pipeline.training.evaluation import Predictions

Setting = Mapping[str, float | str]


@dataclass(frozen=True)
class Run:
    """One training: `train` returns what the model says about the test pairs.

    setting: how it differs from the other runs of its table, beside the seed.
    """

    seed: int
    train: Callable[[], Predictions]
    setting: Setting


@dataclass(frozen=True)
class Judged:
    """What S runs of one setting say about the same n test pairs.

    gold: (n,) class indices. probabilities: (S, n, C).
    """

    gold: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """The most probable class of each pair in each run (S, n)."""
        predicted: npt.NDArray[np.int64] = self.probabilities.argmax(-1)
        return predicted


def first_runs(found: Judged, count: int) -> Judged:
    """The runs of the first `count` seeds."""
    return Judged(found.gold, found.probabilities[:count])


# The runs at hand, for worker processes that are forked from this one: features are shared with
# them, not copied.
_runs: Sequence[Run] = ()


def perform(runs: Sequence[Run], labels: Sequence[str], workers: int, title: str) -> pd.DataFrame:
    """Train all runs, `workers` at a time, each on one thread: their number changes no result.

    Returns one line per run and test pair: the run's seed and setting, id, gold, a probability
    per label.
    """
    global _runs
    _runs = runs
    torch.set_num_threads(1)
    found: dict[int, Predictions] = {}
    performed = _in_turn(len(runs)) if workers == 1 else _side_by_side(len(runs), workers)
    for place, predictions in tqdm(performed, total=len(runs), desc=title, unit="run"):
        found[place] = predictions
    lines = [_lines(runs[i], found[i], labels) for i in range(len(runs))]
    return pd.concat(lines, ignore_index=True)


def _in_turn(count: int) -> Iterator[tuple[int, Predictions]]:
    for place in range(count):
        yield place, _perform(place)


def _side_by_side(count: int, workers: int) -> Iterator[tuple[int, Predictions]]:
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        places = {pool.submit(_perform, place): place for place in range(count)}
        try:
            for done in as_completed(places):
                yield places[done], done.result()
        finally:
            # After a fault, the runs that have not begun are not worth waiting for.
            pool.shutdown(cancel_futures=True)


def _perform(place: int) -> Predictions:
    torch.set_num_threads(1)
    # Takes a tenth of a small training's time; nothing here reads a tensor before it is written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return _runs[place].train()


def _lines(run: Run, found: Predictions, labels: Sequence[str]) -> pd.DataFrame:
    votes = {f"p_{label}": found.probabilities[:, i] for i, label in enumerate(labels)}
    gold = [labels[i] for i in found.gold]
    return pd.DataFrame({"seed": run.seed, **run.setting, "id": found.ids, "gold": gold, **votes})


def write_runs(path: Path, table: pd.DataFrame) -> None:
    """Keep what `perform` returned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)


def read_runs(path: Path) -> pd.DataFrame:
    """What `write_runs` kept.

    Raises:
        UserError: it is not there.
    """
    if not path.exists():
        raise UserError(f"{path} not found; run dvc repro stages/studies/dvc.yaml")
    return pd.read_parquet(path)


def judged(table: pd.DataFrame, labels: Sequence[str]) -> Judged:
    """The lines of one setting's runs as arrays."""
    runs = [run for _, run in table.groupby("seed")]
    columns = [f"p_{label}" for label in labels]
    index = {label: i for i, label in enumerate(labels)}
    gold = np.array([index[name] for name in runs[0]["gold"]], dtype=np.int64)
    return Judged(gold, np.stack([run[columns].to_numpy(np.float32) for run in runs]))
