"""Many trainings side by side give what they give one after the other."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.studies.runs import Run, judged, perform, read_runs, write_runs
from pipeline.studies.variants import ananet_run
from pipeline.training.data import PairFeatures
from pipeline.training.evaluation import Predictions
from tests.tiny import tiny_params
from tests.training.tiny_corpus import LABELS, SIZES, tiny_corpus


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> PairFeatures:
    return tiny_corpus().features(Path(tmp_path_factory.mktemp("features")))


def runs(features: PairFeatures) -> list[Run]:
    params = tiny_params({"train.epochs": 2, "train.batch_size": 16})
    return [Run(seed, ananet_run(params, features, seed), {"point": 0.5}) for seed in (0, 1, 2)]


def test_number_of_workers_changes_nothing(features: PairFeatures) -> None:
    alone = perform(runs(features), LABELS, workers=1, title="")
    pd.testing.assert_frame_equal(alone, perform(runs(features), LABELS, workers=2, title=""))


def test_seeds_differ_and_each_run_judges_the_test_split(features: PairFeatures) -> None:
    table = perform(runs(features), LABELS, workers=1, title="")
    assert table.columns.tolist() == ["seed", "point", "id", "gold", *(f"p_{n}" for n in LABELS)]
    found = judged(table, LABELS)
    assert found.probabilities.shape == (3, SIZES["test"], 3)
    np.testing.assert_allclose(found.probabilities.sum(-1), 1, atol=1e-5)
    assert (found.probabilities[0] != found.probabilities[1]).any()
    assert found.gold.tolist() == features.labels[features.rows("test")].tolist()


def test_kept_runs_are_read_as_they_were(features: PairFeatures, tmp_path: Path) -> None:
    table = perform(runs(features)[:1], LABELS, workers=1, title="")
    write_runs(tmp_path / "deep" / "row.parquet", table)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "deep" / "row.parquet"), table)
    with pytest.raises(UserError, match=r"gone\.parquet not found; run dvc repro stages/studies"):
        read_runs(tmp_path / "gone.parquet")


@pytest.mark.parametrize("workers", [1, 2])
def test_fault_of_a_run_is_told(workers: int) -> None:
    def fail(seed: int) -> Predictions:
        raise UserError(f"no such thing: {seed}")

    with pytest.raises(UserError, match="no such thing: 7"):
        perform([Run(7, partial(fail, 7), {})], LABELS, workers, "")
