"""Tables show what the record holds."""

import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.metrics.classification import classification_metrics
from results import summaries, tables
from results.record import Entry, write_entry

LABELS = ["irrelevant", "implicit", "explicit"]
ROWS = ["majority", "ananet", "pretrained"]


def keep(folder: Path, seed: int, pairs: int = 30) -> Path:
    """Rows of two runs each, and a learning curve, as the studies write them."""
    rng = np.random.default_rng(seed)
    gold = np.array(LABELS)[np.arange(pairs) % 3]
    ids = [f"{seed}-{i}" for i in range(pairs)]
    (folder / "variants").mkdir(parents=True)
    for row in ROWS:
        _runs(rng, ids, gold).to_parquet(folder / "variants" / f"{row}.parquet")
    curve = [
        _runs(rng, ids, gold).assign(variant="pretrained", fraction=share) for share in (0.1, 0.5)
    ]
    pd.concat(curve).to_parquet(folder / "learning_curve.parquet")
    images = [str(i // 2) for i in range(pairs)]
    table = pd.DataFrame({"split": "test", "image_key": images})
    table.to_parquet(folder / "pairs.parquet")
    return folder


def _runs(rng: np.random.Generator, ids: list[str], gold: Any) -> pd.DataFrame:
    runs = []
    for seed in (0, 1):
        votes = rng.dirichlet([1, 1, 1], len(ids)).astype(np.float32)
        columns = {f"p_{label}": votes[:, i] for i, label in enumerate(LABELS)}
        runs.append(pd.DataFrame({"seed": seed, "id": ids, "gold": gold, **columns}))
    return pd.concat(runs)


@pytest.fixture
def figures(tmp_path: Path) -> Any:
    """The summary of a part with two folds; the folder is the current one."""
    kept = {fold: keep(tmp_path / fold, seed) for seed, fold in enumerate(("a0", "a1"))}
    return summaries.studies(kept)


def weighted_f1(folder: Path, row: str) -> float:
    """By hand: the mean over runs."""
    runs = pd.read_parquet(folder / "variants" / f"{row}.parquet").groupby("seed")
    columns = [f"p_{label}" for label in LABELS]
    found = []
    for _, run in runs:
        gold = np.array([LABELS.index(name) for name in run["gold"]])
        predicted = run[columns].to_numpy().argmax(1)
        found.append(classification_metrics(gold, predicted, LABELS)["f1_weighted"])
    return float(np.mean(found))


def test_rows_are_means_over_folds_and_runs(figures: Any, tmp_path: Path) -> None:
    rows = {line["row"]: line for line in figures["rows"]}
    for row in ROWS:
        folds = [weighted_f1(tmp_path / fold, row) for fold in ("a0", "a1")]
        assert rows[row]["f1_weighted"] == pytest.approx(100 * np.mean(folds), abs=1e-3)
    gap = rows["ananet"]["f1_weighted"] - rows["pretrained"]["f1_weighted"]
    assert rows["ananet"]["f1_weighted_gap"] == pytest.approx(gap, abs=1e-3)
    assert (figures["pairs"], figures["images"], figures["runs"]) == (60, 15, 2)


def record(part: str, figures: dict[str, Any]) -> None:
    write_entry(part, Entry("digest", "commit", "2026-01-01", {}, "a processor", 0.5, figures))


def test_table3_puts_ananet_last_and_its_lead_in_the_last_column(
    figures: Any, tmp_path: Path
) -> None:
    with chdir(tmp_path):
        record("expert_photo", figures)
        lines = tables.comparison("expert_photo").partition("\n\n")[0].splitlines()
        methods = [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]]
        assert methods == ["Majority", "AnANet (GloVe+BERT)", "AnANet from pretrained encoders"]
        assert lines[-1].endswith("|  |")
        assert len({line.count("|") for line in lines}) == 1
        assert tables.short("expert_photo", ["pretrained"]).splitlines()[2].startswith("| AnANet")


def test_scenes_stand_beside_the_paper_s_ananet_where_that_is_compared_with(
    tmp_path: Path,
) -> None:
    keep(tmp_path / "kept", 0)
    variants = tmp_path / "kept" / "variants"
    shutil.copy(variants / "ananet.parquet", variants / "scenes.parquet")
    with chdir(tmp_path):
        record("mvsa", summaries.SUMMARIES["paper"]({"all": tmp_path / "kept"}))
        head, _, *lines = tables.comparison("mvsa").partition("\n\n")[0].splitlines()
    assert head.endswith("minus AnANet (GloVe+BERT) |")
    found = dict(line.split(" | ", 1) for line in lines)
    assert "+0.0 (+0.0 to +0.0)" in found["| AnANet with scenes"]
    assert found["| AnANet (GloVe+BERT)"].endswith(" |  |")


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((-3.0, -1.0), "is significantly above every other row (the"),
        ((-1.0, 0.5), "above every other row except SCAN (the"),
        ((0.5, 2.0), "above every other row except SCAN (the"),
    ],
    ids=["above", "open", "below"],
)
def test_a_comparison_ends_with_what_its_intervals_decide(
    figures: Any, tmp_path: Path, bounds: tuple[float, float], verdict: str
) -> None:
    lines = {line["row"]: line for line in figures["rows"]}
    low, high = (f"f1_weighted_gap_{end}" for end in ("low", "high"))
    rows = [
        lines["ananet"] | {low: -9.0, high: -5.0},
        lines["ananet"] | {"row": "scan"} | dict(zip((low, high), bounds, strict=True)),
        lines["pretrained"],
    ]
    with chdir(tmp_path):
        record("expert_photo", figures | {"rows": rows})
        assert f"{verdict} interval" in tables.comparison("expert_photo")


def test_where_every_interval_includes_zero_no_row_is_called_better(
    figures: Any, tmp_path: Path
) -> None:
    low, high = (f"f1_weighted_gap_{end}" for end in ("low", "high"))
    rows = [line | ({low: -1.0, high: 1.0} if low in line else {}) for line in figures["rows"]]
    with chdir(tmp_path):
        record("expert_photo", figures | {"rows": rows})
        assert "is significantly above no other row" in tables.comparison("expert_photo")


def test_the_learning_curve_ends_at_all_pairs(figures: Any, tmp_path: Path) -> None:
    with chdir(tmp_path):
        record("labels", {"photo": figures})
        head, _, line = tables.fewer_labels("labels").splitlines()
        assert head.split(" | ")[2:] == ["10 %", "50 %", "100 % |"]
        rows = {line["row"]: line for line in figures["rows"]}
        assert f"{rows['pretrained']['f1_weighted']:.1f} ±" in line


def test_seeds_of_wrong_pairs_are_averaged(tmp_path: Path) -> None:
    kept = {f"CRCL, 40 %, seed {i}": keep(tmp_path / str(i), i) for i in range(2)}
    with chdir(tmp_path):
        record("wrong", summaries.points(kept))
        line = tables.wrong_pairs("wrong").splitlines()[2]
    mean = np.mean([weighted_f1(tmp_path / str(i), "pretrained") for i in range(2)])
    assert line.startswith("| CRCL | 40 % |")
    assert f"| {100 * mean:.1f} |" in line


def test_a_part_that_was_not_run_says_how(tmp_path: Path) -> None:
    with chdir(tmp_path):
        assert "make results PARTS=mvsa" in tables.comparison("mvsa")


def test_files_are_kept_by_point_and_shown_by_their_first_table_and_its_notes(
    tmp_path: Path,
) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "noise.md").write_text(
        "# Noise\n\nWords.\n\n| a |\n|---|\n| 1 |\n\nMore.\n\n[1] A note.\n\n| b |\n|---|\n"
    )
    (tmp_path / "kept" / "found.json").write_text('{"rsum": 3}')
    found = summaries.files({"all": tmp_path / "kept"})
    assert found["all"]["found.json"] == {"rsum": 3}
    with chdir(tmp_path):
        record("part", found)
        assert tables.excerpt("part", "noise.md") == (
            "| a |\n|---|\n| 1 |\n\nMore.\n\n[1] A note.\n"
        )


def test_correlations_stand_beside_published_ones(tmp_path: Path) -> None:
    whole = {"judgments": 9, "tau": 0.4679, "low": 0.4487, "high": 0.4878}
    report = {"sum": whole, "text": {"tau": 0.4684}}
    figures = {"all": {"correlation.json": {"experts_tau_c": report, "crowd_tau_b": report}}}
    with chdir(tmp_path):
        record("correlation", figures)
        lines = tables.correlation("correlation", "best").splitlines()
    assert lines[2].count(".468 (.449 to .488)") == 2
    assert lines[3] == "| ours, text | .468 | .468 |"
    assert lines[4] == "| CLIP-S, as published | .512 | .344 |"
    assert len({line.count("|") for line in lines[:6]}) == 1
    assert lines[-3].startswith("Published: Hessel et al.")
    assert lines[-1] == "*Not made yet: `make results PARTS=best`.*"


def test_the_best_encoders_are_one_line_among_the_correlations(tmp_path: Path) -> None:
    with chdir(tmp_path):
        for part, tau in (("correlation", 0.4), ("best", 0.5)):
            report = {"sum": {"judgments": 9, "tau": tau, "low": tau, "high": tau}}
            found = {"correlation.json": {"experts_tau_c": report, "crowd_tau_b": report}}
            record(part, {"all": found})
        lines = tables.correlation("correlation", "best").splitlines()
    assert lines[2].startswith("| **ours, sum** | .400 ")
    assert lines[3].startswith("| ours, two epochs with scenes, sum | .500 ")
