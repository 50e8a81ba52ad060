"""The stages of search on a drawn corpus, and what their dvc.yaml says of them."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from ruamel.yaml import YAML

from pipeline.errors import UserError
from pipeline.search.keywords import read_records, read_vocabulary
from pipeline.search.params import load_search_params
from stages.search import compare, evaluate, keywords, train, train_variant
from tests.search.tiny import FILE, tiny_params
from tests.small_project import TEST_PAIRS, working_in
from tests.test_stages import UNTRACKED, used_files
from tests.tiny import ROOT

STAGES = yaml.safe_load((ROOT / "stages" / "search" / "dvc.yaml").read_text())["stages"]
SMALL = {"keywords": {"min_df": 1, "folds": 2}, "train": {"epochs": 1, "batch_size": 16}}


@pytest.fixture(scope="module")
def project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project where the stages of search have run."""
    folder = tmp_path_factory.mktemp("search") / "project"
    shutil.copytree(small_project, folder)
    (folder / "stages" / "search").mkdir(parents=True)
    with working_in(folder):
        run_stages()
        yield folder
    torch.use_deterministic_algorithms(False)


def run_stages(**changes: object) -> None:
    values = tiny_params(**SMALL).model_dump() | changes
    YAML().dump(values, Path("stages/search/params.yaml"))
    for stage in (keywords, train, evaluate):
        stage.main()


def test_metrics_pictures_and_a_line_per_query(project: Path) -> None:
    metrics = json.loads((project / "data/reports/search.json").read_text())
    assert metrics["queries_without_relevant"] == 0
    assert 0 < metrics["visual_weight"] < 1
    assert 0 <= metrics["auc"] <= 1
    table = pd.read_csv(project / "data/reports/search/queries.csv")
    assert len(table) == metrics["queries"] <= 5 * TEST_PAIRS
    assert table["first_rank"].between(1, TEST_PAIRS).all()
    assert table["relevant"].min() >= 1
    for name in ("roc", "weights", "attention"):
        with Image.open(project / f"data/reports/search/figures/{name}.png") as picture:
            assert min(picture.size) > 300


def test_keywords_are_those_of_the_truth(project: Path) -> None:
    folder = project / "data/search/keywords"
    vocabulary = read_vocabulary(folder / "vocab.json")
    records = read_records(folder / "pictures" / "records.npy")
    ranges = np.load(folder / "pictures" / "ranges.npy")
    first = json.loads((project / "data/sample/truth.jsonl").read_text().splitlines()[0])
    own = [vocabulary[word] for word in records[ranges[0, 0] : ranges[0, 1] + 1, 1]]
    assert " ".join(own) == " ".join(first["keywords"]).lower()


def test_the_same_parameters_give_the_same_model(project: Path) -> None:
    model = project / "data/models/amc/model.safetensors"
    before = model.read_bytes()
    train.main()
    assert model.read_bytes() == before


def test_mined_keywords_come_from_train_captions_alone(project: Path) -> None:
    mined = tiny_params(**SMALL).keywords.model_dump() | {"source": "mined", "per_picture": 3}
    run_stages(keywords=mined)
    folder = project / "data/search/keywords"
    truth = [json.loads(x) for x in (project / "data/sample/truth.jsonl").read_text().splitlines()]
    said = " ".join(" ".join(p["captions"]) for p in truth if p["split"] == "train").lower()
    assert all(word in said for word in read_vocabulary(folder / "vocab.json"))
    ranges = np.load(folder / "pictures" / "ranges.npy")
    assert (ranges[:, 1] - ranges[:, 0] == 2).all()
    run_stages()


def test_all_variants_are_compared(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = tiny_params(**SMALL)
    for name in values.variants:
        monkeypatch.setattr(sys, "argv", ["", name])
        train_variant.main()
    compare.main()
    table = pd.read_csv(project / "data/reports/search/compare/ablation.csv")
    assert table["variant"].tolist() == ["amc", "van", "lan", "late_fusion"]
    text = (project / "data/reports/search/compare/ablation.md").read_text()
    assert text.count("±") == 4 * 6 + 1
    assert "AMC is " in text


@pytest.mark.parametrize("name", STAGES)
def test_dependencies_are_the_files_a_stage_uses(name: str) -> None:
    stage = STAGES[name].get("do", STAGES[name])
    code = {dep for dep in stage["deps"] if dep.endswith(".py")}
    assert code == used_files(f"search/{name}") - UNTRACKED
    assert stage["cmd"].removesuffix(" ${key}") == f"python -m stages.search.{name}"
    assert stage["desc"]


@pytest.mark.parametrize("name", ["train", "evaluate", "train_variant"])
def test_training_sees_no_encoder(name: str) -> None:
    encoders = ("pipeline/features/detectors", "pipeline/features/bert", "pipeline/features/scenes")
    assert [path for path in used_files(f"search/{name}") if path.startswith(encoders)] == []


def test_params_are_checked(tmp_path: Path) -> None:
    params = load_search_params(FILE)
    assert params.variant("van", 7).network.modalities == "van"
    assert params.variant("van", 7).train.seed == 7
    with pytest.raises(UserError, match="no variant 'vna'; there are: amc, van, lan"):
        params.variant("vna", 0)
    (tmp_path / "params.yaml").write_text(FILE.read_text().replace("pool: sum", "pool: max"))
    with pytest.raises(UserError, match=r"network\.pool = 'max'"):
        load_search_params(tmp_path / "params.yaml")
