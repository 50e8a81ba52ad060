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
from pipeline.params.search import load_search_params
from pipeline.search.features.keywords import read_records, read_vocabulary
from stages.search import compare, evaluate, keywords, train, train_variant
from tests.search.tiny import FILE, tiny_params
from tests.small_project import TEST_PAIRS, working_in
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


def test_metrics_images_and_a_line_per_query(project: Path) -> None:
    metrics = json.loads((project / "data/reports/search.json").read_text())
    assert metrics["queries_without_relevant"] == 0
    captions = json.loads((project / "data/reports/search/captions.json").read_text())
    assert captions["images"] == TEST_PAIRS
    assert captions["auc"] == pytest.approx(metrics["auc"])
    assert 0 < captions["r@1"] <= captions["r@10"] <= 1
    roc = pd.read_csv(project / "data/reports/search/roc.csv")
    assert metrics["auc"] == pytest.approx(np.trapezoid(roc["true"], roc["false"]), abs=0.01)
    table = pd.read_csv(project / "data/reports/search/queries.csv")
    assert metrics["ndcg@10"] == pytest.approx(table["ndcg@10"].mean(), abs=1e-6)
    weight = np.average(table["visual_weight"], weights=table["relevant"])
    assert metrics["visual_weight"] == pytest.approx(weight, abs=1e-6)
    assert len(table) == metrics["queries"] <= 5 * TEST_PAIRS
    assert table["first_rank"].between(1, TEST_PAIRS).all()
    assert table["relevant"].min() >= 1
    for name in ("roc", "weights", "attention"):
        with Image.open(project / f"data/reports/search/figures/{name}.png") as image:
            assert min(image.size) > 300


def test_keywords_are_those_of_the_truth(project: Path) -> None:
    folder = project / "data/search/keywords"
    vocabulary = read_vocabulary(folder / "vocab.json")
    records = read_records(folder / "images" / "records.npy")
    ranges = np.load(folder / "images" / "ranges.npy")
    first = json.loads((project / "data/sample/truth.jsonl").read_text().splitlines()[0])
    own = [vocabulary[word] for word in records[ranges[0, 0] : ranges[0, 1] + 1, 1]]
    assert " ".join(own) == " ".join(first["keywords"]).lower()


def test_the_same_parameters_give_the_same_model(project: Path) -> None:
    model = project / "data/models/amc/model.safetensors"
    before = model.read_bytes()
    train.main()
    assert model.read_bytes() == before


def test_mined_keywords_come_from_train_captions_alone(project: Path) -> None:
    mined = tiny_params(**SMALL).keywords.model_dump() | {"source": "mined", "per_image": 3}
    run_stages(keywords=mined)
    folder = project / "data/search/keywords"
    truth = [json.loads(x) for x in (project / "data/sample/truth.jsonl").read_text().splitlines()]
    captions = " ".join(" ".join(p["captions"]) for p in truth if p["split"] == "train").lower()
    assert all(word in captions for word in read_vocabulary(folder / "vocab.json"))
    ranges = np.load(folder / "images" / "ranges.npy")
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


def test_params_are_checked(tmp_path: Path) -> None:
    params = load_search_params(FILE)
    assert params.variant("van", 7).network.modalities == "van"
    assert params.variant("van", 7).train.seed == 7
    with pytest.raises(UserError, match="no variant 'vna'; there are: amc, van, lan"):
        params.variant("vna", 0)
    (tmp_path / "params.yaml").write_text(FILE.read_text().replace("pool: sum", "pool: max"))
    with pytest.raises(UserError, match=r"network\.pool = 'max'"):
        load_search_params(tmp_path / "params.yaml")
