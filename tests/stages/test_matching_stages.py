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
from stages.matching.sources import pairs as sources
from tests.tiny import ROOT
from tests.tiny_corpus import tiny_corpus

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
RECALLS = ("r1", "r5", "r10")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where all stages of matching have run."""
    folder = tmp_path_factory.mktemp("project")
    corpus = tiny_corpus()
    corpus.write(folder / "data" / "features")
    interim = folder / "data" / "interim"
    interim.mkdir()
    corpus.pairs.to_parquet(interim / "pairs.parquet", index=False)
    words_of = [["a", "dog", str(i)] for i in range(len(corpus.text_keys))]
    texts = pd.DataFrame({"key": corpus.text_keys, "words": words_of})
    texts.to_parquet(interim / "texts.parquet", index=False)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (folder / "stages" / "matching").mkdir(parents=True)
    params = YAML().load(FOLDER / "params.yaml")
    for section, values in SMALL.items():
        params[section].update(values)
    YAML().dump(params, folder / "stages" / "matching" / "params.yaml")
    with chdir(folder):
        for stage in (sources, pairs, words, train, evaluate):
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


def test_metrics_name_their_direction_and_the_memory_is_scored(project: Path) -> None:
    metrics = json.loads((project / "data/reports/matching.json").read_text())
    directions = ("image_to_text", "text_to_image")
    for direction in directions:
        for name in ("median_rank", "mean_rank", "r1_fold"):
            assert f"{direction}_{name}" in metrics
    ways = ("image_to_text", "text_to_image")
    recalls = [metrics[f"{way}_r{k}"] for way in ways for k in (1, 5, 10)]
    assert metrics["rsum"] == pytest.approx(sum(recalls), abs=1e-4)
    table = pd.read_csv(project / "data/reports/matching/correspondence.csv")
    right, wrong = (table["correspondence"][table["wrong"] == x].to_numpy() for x in (False, True))
    above, equal = (right[:, None] > wrong).mean(), (right[:, None] == wrong).mean()
    assert metrics["correspondence_auc"] == pytest.approx(above + equal / 2, abs=0.01)
    assert table["wrong"].mean() == pytest.approx(metrics["noise_rate"])
    wrong = table["correspondence"][table["wrong"]].to_numpy()
    right = table["correspondence"][~table["wrong"]].to_numpy()[:, None]
    auc = ((right > wrong) + (right == wrong) / 2).mean()
    assert metrics["correspondence_auc"] == pytest.approx(auc, abs=1e-3)
    with Image.open(project / "data/reports/matching/correspondence.png") as image:
        assert min(image.size) > 300


def test_leaves_curves_and_no_checkpoint(project: Path) -> None:
    assert not (project / "data/matching/checkpoints").exists()
    curves = project / "data/reports/matching/training/plots/metrics"
    assert len(pd.read_csv(curves / "dev" / "rsum.tsv", sep="\t")) == 2
