"""Every baseline of the shipped parameters is trained on the features that it reads."""

from collections.abc import Iterator
from contextlib import chdir

import numpy as np
import pytest
from torch import Tensor

from pipeline import paths
from pipeline.errors import UserError
from pipeline.models.classifier import Baseline
from pipeline.params.studies import BaselineParams, load_study_params
from pipeline.studies.baselines import Standardized, baseline_run, load_features
from tests.tiny import ROOT, tiny_params
from tests.tiny_corpus import SIZES, tiny_corpus

ROWS = load_study_params(ROOT / "stages" / "studies" / "params.yaml").baselines


@pytest.fixture(scope="module", autouse=True)
def _project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Work in a project whose features are there."""
    folder = tmp_path_factory.mktemp("project")
    tiny_corpus().write(folder / "data" / "features")
    (folder / "data" / "interim").mkdir()
    (folder / "data" / "features" / "pairs.parquet").rename(folder / paths.PAIRS)
    with chdir(folder):
        yield


PARAMS = tiny_params({"train.epochs": 2, "train.batch_size": 16})


class Probe(Baseline):
    """Returns the scenes that it sees."""

    def forward(self, pooled: Tensor) -> Tensor:
        return pooled


@pytest.mark.parametrize("name", ROWS)
def test_row_judges_every_test_pair(name: str) -> None:
    row = ROWS[name]
    features = load_features(row, PARAMS)
    found = baseline_run(row, PARAMS, features, seed=0)()
    assert found.probabilities.shape == (SIZES["test"], 3)
    np.testing.assert_allclose(found.probabilities.sum(1), 1, atol=1e-5)
    assert found.gold.tolist() == features.labels[features.rows("test")].tolist()
    again = baseline_run(row, PARAMS, features, seed=0)()
    np.testing.assert_array_equal(found.probabilities, again.probabilities)


def wrong(**changes: object) -> BaselineParams:
    return ROWS["tfn"].model_copy(update=changes)


def test_rows_that_do_not_fit_their_model_are_refused() -> None:
    with pytest.raises(UserError, match="tfn reads scenes, not regions"):
        load_features(wrong(reads="regions"), PARAMS)
    with pytest.raises(UserError, match=r"no baseline 'tnf' among pipeline/models: .*, tfn"):
        load_features(wrong(model="tnf"), PARAMS)
    features = load_features(ROWS["tfn"], PARAMS)
    with pytest.raises(UserError, match=r"tfn\.widths has 1 fault\(s\):\n  text_width = 0"):
        baseline_run(wrong(widths={**ROWS["tfn"].widths, "text_width": 0}), PARAMS, features, 0)


def test_networks_see_standardised_images() -> None:
    """The size of a feature file's values decides nothing."""
    row = ROWS["dcnn"]
    features = load_features(row, PARAMS)
    scale = Standardized(Probe(), features)
    pooled = features.gather(features.rows("train")).inputs["pooled"]
    expected = (pooled - pooled.mean(0)) / pooled.std(0, correction=0)
    np.testing.assert_allclose(scale(pooled=pooled), expected, atol=1e-3)
