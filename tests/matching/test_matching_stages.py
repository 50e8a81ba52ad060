"""The stages of matching on a drawn corpus, and what their dvc.yaml says of them."""

import json
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from ruamel.yaml import YAML

from stages.matching import evaluate, pairs, train, words
from tests.test_stages import UNTRACKED, used_files
from tests.tiny import ROOT
from tests.training.tiny_corpus import tiny_corpus

FOLDER = ROOT / "stages" / "matching"
STAGES = yaml.safe_load((FOLDER / "dvc.yaml").read_text())["stages"]
SMALL = {
    "corpus": {"kind": "pairs", "folder": "data/sample", "labels": ["explicit", "implicit"]},
    "text": {"words": "trained", "width": 4},
    "model": {"width": 4},
    "train": {"stages": [1], "batch_size": 8, "device": "cpu"},
    "correction": {"warm_up": 1},
    "evaluate": {"fold": 5},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where all stages of matching have run."""
    folder = tmp_path_factory.mktemp("project")
    corpus = tiny_corpus()
    corpus.write(folder / "data" / "features")
    interim = folder / "data" / "interim"
    interim.mkdir()
    corpus.pairs.to_parquet(interim / "pairs.parquet", index=False)
    spoken = [["a", "dog", str(i)] for i in range(len(corpus.text_keys))]
    texts = pd.DataFrame({"key": corpus.text_keys, "words": spoken})
    texts.to_parquet(interim / "texts.parquet", index=False)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (folder / "stages" / "matching").mkdir(parents=True)
    params = YAML().load(FOLDER / "params.yaml")
    for section, values in SMALL.items():
        params[section].update(values)
    YAML().dump(params, folder / "stages" / "matching" / "params.yaml")
    with chdir(folder):
        for stage in (pairs, words, train, evaluate):
            stage.main()
    return folder


def test_pairs_of_the_asked_labels_and_their_noise(project: Path) -> None:
    captions = pd.read_parquet(project / "data/matching/pairs/captions.parquet")
    table = pd.read_parquet(project / "data/interim/pairs.parquet")
    asked = table[table["label"] != "irrelevant"]
    assert captions["id"].tolist() == asked["id"].tolist()
    assert captions["key"].str.len().eq(64).all()
    train_rows = captions[captions["split"] == "train"]
    report = json.loads((project / "data/matching/pairs/noise.json").read_text())
    assert report["wrong"] == (train_rows["image"] != train_rows["given"]).sum() > 0
    index = np.load(project / "data/matching/pairs/noise.npy", allow_pickle=False)
    assert (index == train_rows["given"]).all()


def test_metrics_name_their_direction_and_the_memory_is_judged(project: Path) -> None:
    metrics = json.loads((project / "data/reports/matching.json").read_text())
    for direction in ("image_to_text", "text_to_image"):
        for name in ("r1", "r5", "r10", "median_rank", "mean_rank", "r1_fold"):
            assert f"{direction}_{name}" in metrics
    assert 0 <= metrics["rsum"] <= 600
    assert 0 <= metrics["correspondence_auc"] <= 1
    table = pd.read_csv(project / "data/reports/matching/correspondence.csv")
    assert table["wrong"].mean() == pytest.approx(metrics["noise_rate"])
    with Image.open(project / "data/reports/matching/correspondence.png") as picture:
        assert min(picture.size) > 300


def test_leaves_curves_and_no_checkpoint(project: Path) -> None:
    assert list((project / "data/matching/checkpoints").iterdir()) == []
    curves = project / "data/reports/matching/training/plots/metrics"
    assert len(pd.read_csv(curves / "dev" / "rsum.tsv", sep="\t")) == 2


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_are_the_files_a_stage_uses(stage: str) -> None:
    code = {dep for dep in STAGES[stage]["deps"] if dep.endswith(".py")}
    assert code == used_files(f"matching/{stage}") - UNTRACKED


@pytest.mark.parametrize("stage", STAGES)
def test_stage_name_file_and_command_agree(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"python -m stages.matching.{stage}"
    assert (FOLDER / f"{stage}.py").is_file()


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_training_sees_no_encoder(stage: str) -> None:
    encoders = ("pipeline/features/detectors", "pipeline/features/bert", "pipeline/features/scenes")
    assert [path for path in used_files(f"matching/{stage}") if path.startswith(encoders)] == []
