"""The study of noise: its runs, its table, its stages."""

import json
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline.errors import UserError
from pipeline.matching.noise_study.comparison import as_markdown, read_runs, run_params, summarise
from pipeline.params.matching import load_noise_study_params
from stages.matching.noise_study import compare, paths
from tests.matching.tiny_matching import matching_params
from tests.tiny import ROOT

FOLDER = ROOT / "stages" / "matching" / "noise_study"
STUDY = load_noise_study_params(FOLDER / "params.yaml")
STAGES = yaml.safe_load((FOLDER / "dvc.yaml").read_text())["stages"]


def epochs(loss: str) -> int:
    params = run_params(matching_params(), STUDY, loss, 0.4, 1)
    return sum(params.train.stages) + params.correction.warm_up * len(params.train.stages)


def test_runs_differ_in_loss_noise_and_seed_alone() -> None:
    one, other = (
        run_params(matching_params(), STUDY, loss, 0.4, 1) for loss in ("hinge", "infonce")
    )
    assert one.loss.name == "hinge"
    assert (one.noise.rate, one.noise.seed, one.train.seed) == (0.4, 1, 1)
    assert one.model_copy(update={"loss": other.loss}) == other


def test_all_losses_train_as_many_epochs() -> None:
    assert epochs("active_complementary") == epochs("hinge") == epochs("infonce")


def write_run(folder: Path, loss: str, rate: float, seed: int, rsum: float) -> None:
    figures = {
        f"{way}_r{k}": rsum / 6 for way in ("image_to_text", "text_to_image") for k in (1, 5, 10)
    }
    row = {"loss": loss, "rate": rate, "seed": seed, "rsum": rsum, **figures}
    if rate:
        row["correspondence_auc"] = 0.95
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{loss}-{rate}-{seed}.json").write_text(json.dumps(row))


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    with chdir(tmp_path):
        for loss, clean, noisy in (
            ("active_complementary", 300, 280),
            ("hinge", 310, 150),
            ("infonce", 305, 200),
        ):
            for seed in (0, 1):
                write_run(paths.RUNS, loss, 0.0, seed, clean + seed)
                write_run(paths.RUNS, loss, 0.4, seed, noisy + 3 * seed)
        yield tmp_path


def test_table_has_means_spread_and_fall(runs: Path) -> None:
    table = summarise(
        read_runs(paths.RUNS, ["hinge-0.0-0", "hinge-0.0-1", "hinge-0.4-0", "hinge-0.4-1"])
    )
    assert table["rsum"].tolist() == [310.5, 151.5]
    assert table["rsum_least"].tolist() == [310, 150]
    assert table["fall"].tolist() == [0, 159]
    assert "| hinge, hardest negative | 40 % | 151.5 (150.0 to 153.0) | 159.0 |" in as_markdown(
        table
    )


def test_stage_writes_table_text_and_curves(runs: Path) -> None:
    (runs / "stages" / "matching" / "noise_study").mkdir(parents=True)
    (runs / "stages/matching/noise_study/params.yaml").write_text(
        (FOLDER / "params.yaml").read_text()
    )
    compare.main()
    assert len(pd.read_csv(paths.TABLE)) == 6
    assert "| CRCL | 40 % | 281.5" in paths.TEXT.read_text()
    assert " nan" not in paths.TEXT.read_text()
    assert paths.PLOT.stat().st_size > 1000


def test_a_run_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"hinge-0\.4-7\.json not found"):
        read_runs(tmp_path, ["hinge-0.4-7"])
