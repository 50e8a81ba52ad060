"""The stages `train`, `evaluate_sides` and `evaluate` on a drawn corpus."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import h5py
import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline.errors import UserError
from stages import evaluate, evaluate_sides, train
from tests.tiny import ROOT
from tests.tiny_corpus import LABELS, SIZES, tiny_corpus

STREAMS = ["association", "alignment"]
SETTINGS = {
    "model": {"hidden": 8},
    "association": {"d_inv": 4, "d_var": 4},
    "train": {"epochs": 2},
    "evaluate": {"bootstrap": 50},
}


def run_in(folder: Path) -> None:
    """Prepare a project in an empty folder and run the stages there."""
    prepare(folder)
    with chdir(folder):
        train.main()
        evaluate_sides.main()
        evaluate.main()


def prepare(folder: Path, changes: Mapping[str, Mapping[str, int]] | None = None) -> None:
    corpus = tiny_corpus()
    corpus.write(folder / "data" / "features")
    (folder / "data" / "interim").mkdir()
    corpus.pairs.to_parquet(folder / "data" / "interim" / "pairs.parquet", index=False)
    images = pd.DataFrame({"key": corpus.pairs["image_key"].unique(), "status": "ok"})
    images.to_parquet(folder / "data" / "interim" / "images.parquet", index=False)
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for section, values in (*SETTINGS.items(), *(changes or {}).items()):
        params[section].update(values)
    yaml.dump(params, folder / "params.yaml")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the stages have run."""
    folder = tmp_path_factory.mktemp("project")
    run_in(folder)
    return folder


def test_model_says_what_it_was_trained_with(project: Path) -> None:
    config = json.loads((project / "data/models/ananet/config.json").read_text())
    assert config["labels"] == LABELS
    assert config["encoders"].keys() == {"regions.h5", "glove.h5", "bert.h5"}
    assert all(len(digest) == 64 for digest in config["encoders"].values())
    assert config["model"]["hidden"] == 8
    encoders = json.loads((project / "data/models/ananet/encoders.json").read_text())
    assert encoders["fingerprints"]["glove.h5"] == {"encoder": "glove"}
    assert encoders["regions"]["detector"] == "fasterrcnn_lite"


def test_card_stands_beside_the_model(project: Path) -> None:
    metrics = json.loads((project / "data/reports/metrics.json").read_text())
    card = (project / "data/models/ananet/README.md").read_text()
    assert f"| accuracy | {metrics['accuracy']:.4f} |" in card


def test_curves_are_written_and_dvc_yaml_is_left_alone(project: Path) -> None:
    curves = project / "data/reports/training/plots/metrics"
    with (curves / "dev" / "f1_weighted.tsv").open() as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    assert [row["step"] for row in table] == ["1", "2"]
    assert {path.name for path in project.iterdir()} == {"data", "params.yaml"}


def test_reports_are_about_the_test_split(project: Path) -> None:
    metrics = json.loads((project / "data/reports/metrics.json").read_text())
    assert metrics["accuracy_low"] <= metrics["accuracy"] <= metrics["accuracy_high"]
    with (project / "data/reports/predictions.csv").open() as file:
        reader = csv.DictReader(file)
        assert len(list(reader)) == SIZES["test"]
        probabilities = [f"p_{name}" for name in LABELS]
        assert reader.fieldnames == ["id", "gold", "predicted", *probabilities, *STREAMS]
    with (project / "data/reports/confusion.csv").open() as file:
        assert sum(int(row["pairs"]) for row in csv.DictReader(file)) == SIZES["test"]
    with (project / "data/reports/f1_per_class.csv").open() as file:
        assert [row["label"] for row in csv.DictReader(file)] == LABELS


def test_same_run_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    run_in(tmp_path)
    made = [path for path in (project / "data").rglob("*") if path.is_file()]
    assert len(made) > 10
    for path in made:
        again = tmp_path / path.relative_to(project)
        # HDF5 aside, whose bytes are the extraction stages' business.
        assert path.suffix == ".h5" or path.read_bytes() == again.read_bytes(), path


@pytest.mark.parametrize(("split", "left"), [("train", []), ("test", ["model.safetensors"])])
def test_a_value_that_is_not_finite_reaches_no_model_and_no_metric(
    tmp_path: Path, split: str, left: list[str]
) -> None:
    prepare(tmp_path)
    features = tmp_path / "data/features"
    pairs = pd.read_parquet(tmp_path / "data/interim/pairs.parquet")
    with h5py.File(features / "bert.h5", "a") as file:
        keys = [key.decode() for key in file["keys"]]
        row = keys.index(pairs.loc[pairs["split"] == split, "text_key"].iloc[3])
        file["vectors"][file["offsets"][row]] = float("nan")

    def run() -> None:
        train.main()
        evaluate.main()

    with chdir(tmp_path), pytest.raises(UserError, match=r"nan|not finite"):
        run()
    assert [path.name for path in (tmp_path / "data/models").rglob("*.safetensors")] == left
    assert not (tmp_path / "data/reports/metrics.json").exists()


def train_stage(folder: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "stages.train"]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)


def test_a_killed_stage_goes_on(tmp_path: Path) -> None:
    """Model and curves are those of a run without a break, and no checkpoint is left."""
    folders = straight, killed = tmp_path / "straight", tmp_path / "killed"
    for folder in folders:
        prepare(folder, {"train": {"epochs": 40, "patience": 40}})
    assert train_stage(straight).wait(300) == 0
    checkpoint = killed / "data/interim/checkpoints/ananet/0.safetensors"
    run = train_stage(killed)
    while not checkpoint.exists():
        assert run.poll() is None
        time.sleep(0.01)
    run.kill()
    assert run.wait(60) == -signal.SIGKILL
    assert train_stage(killed).wait(300) == 0
    assert not checkpoint.exists()
    for made in ("data/models/ananet/model.safetensors", "data/reports/training/metrics.json"):
        assert (killed / made).read_bytes() == (straight / made).read_bytes()
    curves = "data/reports/training/plots/metrics/dev/loss.tsv"
    assert (killed / curves).read_bytes() == (straight / curves).read_bytes()


def test_a_stage_that_is_still_running_refuses_a_second_one(tmp_path: Path) -> None:
    """As after a SIGTERM to dvc alone; when the first has ended, or was killed, nothing is left."""
    prepare(tmp_path, {"train": {"epochs": 40, "patience": 40}})
    curves = tmp_path / "data/reports/training"
    first = train_stage(tmp_path)
    while not (curves / "metrics.json").exists():
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)  # long enough for a second to start
    shutil.rmtree(curves)  # as DVC does before it runs a stage
    command = [sys.executable, "-m", "stages.train"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    second = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"error: what stages.train makes is being written by another process ({first.pid})" in (
        second.stderr
    )
    first.kill()
    first.wait(60)
    assert train_stage(tmp_path).wait(300) == 0


def test_one_class_in_train_is_refused_before_training(tmp_path: Path) -> None:
    prepare(tmp_path)
    path = tmp_path / "data/interim/pairs.parquet"
    pairs = pd.read_parquet(path)
    pairs.loc[pairs["split"] == "train", "label"] = LABELS[0]
    pairs.to_parquet(path, index=False)
    with chdir(tmp_path), pytest.raises(UserError, match="train pairs have one label"):
        train.main()
    assert not (tmp_path / "data/models").exists()


def test_features_of_other_encoders_are_refused(project: Path) -> None:
    path = project / "data/features/glove.h5"
    kept = path.read_bytes()
    with h5py.File(path, "a") as file:
        file.attrs["fingerprint"] = json.dumps({"encoder": "other"})
    with chdir(project), pytest.raises(UserError, match=r"trained with glove\.h5 of encoder "):
        evaluate.main()
    path.write_bytes(kept)
