"""Many trainings side by side give what they give one after the other."""

import sys
from functools import partial
from pathlib import Path
from time import sleep

import numpy as np
import pandas as pd
import pytest

from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.predictions import Predictions
from pipeline.errors import UserError
from pipeline.features.tables import Table
from pipeline.studies.runs import Run, perform, write_runs
from pipeline.studies.tables.runs import Runs, read_runs
from pipeline.studies.variants import train_ananet
from tests.tiny import tiny_params
from tests.tiny_corpus import LABELS, SIZES, tiny_corpus


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> PairFeatures:
    return tiny_corpus().features(Path(tmp_path_factory.mktemp("features")))


def runs(features: PairFeatures) -> list[Run]:
    params = tiny_params({"train.epochs": 2, "train.batch_size": 16})
    train = partial(train_ananet, params, features)
    return [Run(seed, partial(train, seed), {"point": 0.5}) for seed in (0, 1, 2)]


def test_number_of_workers_changes_nothing(features: PairFeatures) -> None:
    alone = perform(runs(features), LABELS, workers=1, title="")
    pd.testing.assert_frame_equal(alone, perform(runs(features), LABELS, workers=2, title=""))


def test_seeds_differ_and_each_run_judges_the_test_split(features: PairFeatures) -> None:
    table = perform(runs(features), LABELS, workers=1, title="")
    assert table.columns.tolist() == ["seed", "point", "id", "gold", *(f"p_{n}" for n in LABELS)]
    found = Runs.of(table, LABELS)
    assert found.probabilities.shape == (3, SIZES["test"], 3)
    np.testing.assert_allclose(found.probabilities.sum(-1), 1, atol=1e-5)
    assert (found.probabilities[0] != found.probabilities[1]).any()
    assert found.gold.tolist() == features.labels[features.rows("test")].tolist()


def test_kept_runs_are_read_as_they_were(features: PairFeatures, tmp_path: Path) -> None:
    table = perform(runs(features)[:1], LABELS, workers=1, title="")
    write_runs(tmp_path / "deep" / "row.parquet", table)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "deep" / "row.parquet"), table)
    advice = r"gone\.parquet not found; run python -m stages repro stages/studies"
    with pytest.raises(UserError, match=advice):
        read_runs(tmp_path / "gone.parquet")


def nothing() -> Predictions:
    return Predictions([], np.empty(0, np.int64), np.empty((0, len(LABELS)), np.float32), {}, {})


@pytest.mark.parametrize("workers", [1, 2])
def test_fault_of_a_run_is_told_and_ends_the_others(workers: int, tmp_path: Path) -> None:
    def fail(seed: int) -> Predictions:
        raise UserError(f"no such thing: {seed}")

    def leave_trace(seed: int) -> Predictions:
        sleep(0.5)
        (tmp_path / str(seed)).touch()
        return nothing()

    others = [Run(seed, partial(leave_trace, seed), {}) for seed in range(20)]
    with pytest.raises(UserError, match="no such thing: 70"):
        perform([Run(70, partial(fail, 70), {}), *others], LABELS, workers, "")
    assert len([*tmp_path.iterdir()]) < 10


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("in_file", [True, False])
def test_workers_map_features_from_one_file(tmp_path: Path, in_file: bool) -> None:
    def note(features: Table, path: Path) -> Predictions:
        address = features._tensor.data_ptr()
        for line in Path("/proc/self/maps").read_text().splitlines():
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if start <= address < end:
                path.write_text(line.split()[-1])
        return nothing()

    values = np.zeros((2**10, 2**10), np.float32)
    np.save(tmp_path / "values.npy", values)
    features = Table(np.load(tmp_path / "values.npy", mmap_mode="r") if in_file else values)
    places = [tmp_path / str(i) for i in range(4)]
    perform([Run(0, partial(note, features, place), {}) for place in places], LABELS, 2, "")
    (file,) = {place.read_text() for place in places}
    assert ("values.npy" if in_file else "joblib") in file
