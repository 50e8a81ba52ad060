"""Where an image is bright, and what the ablation's table says."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.features.store import RegionFeatures, SceneFeatures
from pipeline.metrics.writing import write_metrics
from pipeline.search.comparison import comparison_table, comparison_text, read_runs
from pipeline.search.evaluation.figures import lightmap
from pipeline.search.features.visual import Visual

DARK = pytest.approx(0.3)


def scenes() -> Visual:
    keys, status = np.array([b"a"]), np.zeros(1, np.uint8)
    grid = np.zeros((1, 4, 2), np.float16)
    features = SceneFeatures(Path("scenes.h5"), keys, {}, grid[:, 0], grid, status, (2, 2))
    return Visual("scenes", features, grid, np.ones((1, 4), np.bool_))


def regions() -> Visual:
    """Of an image 10 wide and 20 high, its left half, and its upper half."""
    arrays: dict[str, Any] = {
        "boxes": np.array([[[0, 0, 5, 20], [0, 0, 10, 10]]], np.float32),
        "scores": np.ones((1, 2), np.float32),
        "classes": np.zeros((1, 2), np.int16),
        "mask": np.ones((1, 2), np.bool_),
        "size": np.array([[20, 10]], np.int32),
        "status": np.zeros(1, np.uint8),
    }
    vectors = np.zeros((1, 2, 3), np.float16)
    features = RegionFeatures(
        Path("regions.h5"), np.array([b"a"]), {}, vectors, **arrays, class_names=["thing"]
    )
    return Visual("regions", features, vectors, arrays["mask"])


def test_cells_light_their_quarter() -> None:
    light = lightmap(scenes(), 0, np.array([0.0, 0.8, 0.2, 0.0]), (5, 4))
    assert light[0, 3] == pytest.approx(1)
    assert light[4, 0] == pytest.approx(0.3 + 0.7 / 4)
    assert light[0, 0] == light[4, 3] == DARK


def test_regions_light_their_box_at_the_size_that_is_shown() -> None:
    light = lightmap(regions(), 0, np.array([0.5, 0.25]), (40, 20))
    assert light[39, 0] == pytest.approx(1)
    assert light[0, 19] == pytest.approx(0.65)
    assert light[0, 0] == pytest.approx(1)
    assert light[39, 19] == DARK


def runs(van_auc: float) -> pd.DataFrame:
    metrics = {"r@1": 0.1, "r@5": 0.2, "ndcg@10": 0.3, "ndcg@25": 0.4}
    lines = [("amc", 0, 0.5, 0.9), ("amc", 1, 0.7, 0.9), ("van", 0, 0.4, van_auc)]
    return pd.DataFrame(
        [{"variant": v, "seed": s, "r@10": r, "auc": a, **metrics} for v, s, r, a in lines]
    )


def test_the_table_has_means_and_deviations_in_percent() -> None:
    table = comparison_table(runs(0.8)).set_index("variant")
    assert table.loc["amc", "r@10"] == pytest.approx(60)
    assert table.loc["amc", "r@10_sd"] == pytest.approx(100 * 0.2 / 2**0.5)
    assert table.loc["van", "r@10_sd"] == 0


def test_the_text_says_where_amc_is_not_ahead() -> None:
    ahead = comparison_text(comparison_table(runs(0.8)), 2)
    behind = comparison_text(comparison_table(runs(0.95)), 2)
    assert "AMC is above every other row in r@10 and auc." in ahead
    assert "| amc | 10.00 ± 0.00 |" in ahead
    assert "AMC is not above van in auc." in behind


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    write_metrics(tmp_path / "amc" / "0.json", {"auc": 0.5})
    assert read_runs(tmp_path, ["amc"], [0])["auc"].tolist() == [0.5]
    with pytest.raises(UserError, match=r"amc/1\.json not found"):
        read_runs(tmp_path, ["amc"], [0, 1])
