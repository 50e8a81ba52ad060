"""The studies' stages on a drawn corpus, and what their dvc.yaml says of them."""

import json
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest
import yaml
from ruamel.yaml import YAML

from stages.studies import (
    ablate,
    compare,
    robustness,
    sweep,
    train_baseline,
    train_clip,
    train_series,
    train_variant,
)
from tests.studies.drawn_embeddings import write_embeddings
from tests.tiny import ROOT
from tests.tiny_corpus import LABELS, tiny_corpus

FOLDER = ROOT / "stages" / "studies"
PARAMS = yaml.safe_load((FOLDER / "params.yaml").read_text())
# No dual encoder is named there; this one's embeddings are drawn.
PARAMS["clip"] = {"tiny": {"model": "tiny", "revision": None, "device": "cpu"}}
# The encoders that come with the project are too wide for the drawn corpus.
for variant in PARAMS["variants"].values():
    variant["pretrained"] = "none"
STAGES = yaml.safe_load((FOLDER / "dvc.yaml").read_text())["stages"]
VARIANTS = ("ananet", "ananet_glove", "pretrained")
SMALL = {
    "seeds": 2,
    "workers": 1,
    "settings": {
        "model": {"hidden": 4},
        "association": {"d_inv": 2, "d_var": 2},
        "train": {"epochs": 1, "batch_size": 32},
    },
    "sweep": {"lambda": [0.7, 1.3], "eta": [1.3], "seeds": 1},
}
CURVES = ["learning_curve", "label_noise"]
TABLES = {
    "compare": ["table3"],
    "ablate": ["table4", "table5", "table6", "ours"],
    "sweep": ["fig4"],
    "robustness": [*CURVES, "imbalance", "calibration"],
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of a project where all stages of the studies have run."""
    folder = tmp_path_factory.mktemp("project")
    corpus = tiny_corpus()
    corpus.write(folder / "data" / "features")
    (folder / "data" / "interim").mkdir()
    write_embeddings(folder / "data" / "studies" / "clip" / "tiny", corpus.pairs)
    corpus.pairs.to_parquet(folder / "data" / "interim" / "pairs.parquet", index=False)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (folder / "stages" / "studies").mkdir(parents=True)
    YAML().dump({**PARAMS, **SMALL}, folder / "stages" / "studies" / "params.yaml")
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        for stage, rows in (
            (train_baseline, PARAMS["baselines"]),
            (train_clip, PARAMS["clip"]),
            (train_variant, PARAMS["variants"]),
            (train_series, ["sweep", *CURVES]),
        ):
            for name in rows:
                patch.setattr(sys, "argv", ["", name])
                stage.main()
        for each in (compare, ablate, sweep, robustness):
            each.main()
    return folder / "data" / "reports" / "studies"


@pytest.mark.parametrize(("stage", "names"), TABLES.items())
def test_every_table_has_its_files(reports: Path, stage: str, names: list[str]) -> None:
    for name in names:
        table = pd.read_csv(reports / stage / f"{name}.csv")
        assert len(table)
        text = (reports / stage / f"{name}.md").read_text()
        assert text.startswith("# ")
        assert " nan" not in text
        svg = (reports / stage / f"{name}.svg").read_text()
        assert svg.count("<path") > 10
        assert (reports / stage / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_table3_has_all_rows_and_the_published_column(reports: Path) -> None:
    table = pd.read_csv(reports / "compare" / "table3.csv").set_index("row")
    assert {*table.index} == {*PARAMS["baselines"], "tiny", *VARIANTS}
    assert table.loc["scan", "accuracy_published"] == 80.87
    assert table["accuracy"].between(0, 100).all()
    assert (table["accuracy_low"] <= table["accuracy"]).all()
    assert table.loc["tiny", "method"] == "Logistic regression (tiny)"
    assert "Exceptions are `tiny`:" in (reports / "compare" / "table3.md").read_text()
    metrics = json.loads((reports.parent / "studies.json").read_text())
    assert metrics["ananet"] == pytest.approx(table.loc["ananet", "accuracy"], abs=1e-3)


def test_table5_goes_by_class_name(reports: Path) -> None:
    table = pd.read_csv(reports / "ablate" / "table5.csv").set_index(["row", "label"])
    assert table.loc[("ananet", "explicit"), "f1_published"] == 87.97
    assert table.loc[("ananet", "irrelevant"), "f1_published"] == 90.22
    assert [label for row, label in table.index if row == "ananet"] == LABELS


def test_curves_end_where_all_true_labels_are_used(reports: Path) -> None:
    for name, column, end in (("learning_curve", "fraction", 1.0), ("label_noise", "rate", 0.0)):
        table = pd.read_csv(reports / "robustness" / f"{name}.csv")
        given = PARAMS[name][f"{column}s"]
        assert sorted({*table[column]}) == sorted([*given, end])


def stages_of(name: str) -> Iterator[tuple[str, set[str]]]:
    """The stages that a name in dvc.yaml stands for, and the files each depends on."""
    stage = STAGES[name]
    if "foreach" not in stage:
        yield name, {*stage["deps"]}
        return
    rows = stage["foreach"]
    if isinstance(rows, str):
        rows = PARAMS[rows.removeprefix("${").removesuffix("}")]
    for key, item in rows.items():
        deps = {dep.replace("${key}", key) for dep in stage["do"]["deps"]}
        for field in ("model", "reads", "pretrained") if isinstance(item, dict) else ():
            deps = {dep.replace(f"${{item.{field}}}", str(item.get(field))) for dep in deps}
        yield f"{name}@{key}", deps


def test_a_changed_model_trains_only_its_own_rows() -> None:
    trained = {stage: deps for name in STAGES for stage, deps in stages_of(name) if "train" in name}
    of_tfn = {stage for stage, deps in trained.items() if "pipeline/models/tfn.py" in deps}
    of_dcnn = {stage for stage, deps in trained.items() if "pipeline/models/dcnn.py" in deps}
    of_ananet = {stage for stage, deps in trained.items() if "pipeline/models/ananet.py" in deps}
    assert of_tfn == {"train_baseline@tfn"}
    assert of_dcnn == {"train_baseline@dcnn", "train_baseline@dcnn_bert"}
    others = ("train_baseline", "train_clip")
    assert of_ananet == {stage for stage in trained if not stage.startswith(others)}
    assert not any("pipeline/encoders/clip/encoder.py" in deps for deps in trained.values())
