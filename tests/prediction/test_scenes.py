"""A model that reads scenes gets those of new posts' images."""

import csv
import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from pipeline.errors import UserError
from pipeline.files import digest
from pipeline.prediction import Post, Predictor, read_posts
from stages import evaluate, report, train
from stages.scenes import extract_scenes
from tests.small_project import TEST_PAIRS, working_in

MODEL = Path("data/models/ananet")
SAMPLE = Path("data/sample")


@pytest.fixture(scope="module")
def trained(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project after a training with scenes."""
    folder = tmp_path_factory.mktemp("scenes") / "project"
    shutil.copytree(small_project, folder)
    yaml = YAML()
    params = yaml.load(folder / "params.yaml")
    params["model"]["scenes"] = "scenes.h5"
    params["scenes"]["device"] = "cpu"
    yaml.dump(params, folder / "params.yaml")
    with working_in(folder):
        for stage in (extract_scenes, train, evaluate, report):
            stage.main()
    torch.use_deterministic_algorithms(False)
    return folder


@pytest.fixture
def project(trained: Path) -> Iterator[Path]:
    with working_in(trained):
        yield trained


def sample_posts() -> AbstractContextManager[list[Post]]:
    return read_posts(SAMPLE / "test_data.csv", SAMPLE / "image.zip")


def test_same_classes_as_evaluation(project: Path) -> None:
    with sample_posts() as posts:
        found = list(Predictor.from_pretrained(MODEL).predict(posts))
    with Path("data/reports/predictions.csv").open() as file:
        expected = list(csv.DictReader(file))
    assert len(found) == TEST_PAIRS
    assert [one.relation for one in found] == [row["predicted"] for row in expected]
    for one, row in zip(found, expected, strict=True):
        for label, probability in one.probabilities.items():
            assert probability == pytest.approx(float(row[f"p_{label}"]), abs=2e-6)


def test_links_lead_to_regions_only(project: Path) -> None:
    with sample_posts() as posts:
        for found in Predictor.from_pretrained(MODEL).inspect(posts):
            assert found.output.attention
            rows = found.output.attention.A_v2t
            assert rows.shape[1] == found.regions.mask.shape[1]
            assert (rows.sum(1) < 1).all()
            for link in found.prediction.links:
                box = found.regions.boxes[found.row, link.region]
                assert np.array_equal(link.box, box)


def test_posts_without_readable_image_have_no_scene(project: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("image,text\nabsent.png,a dog\n")
    with read_posts(tmp_path / "posts.csv", tmp_path) as posts:
        (found,) = Predictor.from_pretrained(MODEL).inspect(posts)
    assert found.output.attention
    assert not found.output.attention.A_v2t.any()
    assert not found.output.attention.t_bar.any()


def test_another_scene_encoder_is_refused(project: Path, tmp_path: Path) -> None:
    model = shutil.copytree(MODEL, tmp_path / "model")
    (model / "SHA256SUMS").unlink()
    encoders = json.loads((model / "encoders.json").read_text())
    encoders["fingerprints"]["scenes.h5"]["values"]["input"] = 112
    (model / "encoders.json").write_text(json.dumps(encoders))
    with pytest.raises(UserError, match="do not belong together"):
        Predictor.from_pretrained(model)
    config = json.loads((model / "config.json").read_text())
    config["encoders"]["scenes.h5"] = digest(encoders["fingerprints"]["scenes.h5"])
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"trained with scenes\.h5.*(.|\n)*input: 112, here 224"):
        Predictor.from_pretrained(model)


def test_card_names_the_scene_encoder(project: Path) -> None:
    card = (MODEL / "README.md").read_text()
    assert "| `scenes.h5` | efficientnet_lite0 |" in card
    assert "5 best regions, its scene and a text's" in card
