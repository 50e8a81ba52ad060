"""New posts are scored as the pretrained encoders find them among cached features."""

import csv
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from pipeline.__main__ import main
from pipeline.dataset.reading import load_pairs
from pipeline.models.ananet_matcher import AnANetMatcher
from pipeline.models.saved import AnANetEncoders
from pipeline.params.project import load_params
from pipeline.prediction import Scorer, read_posts
from pipeline.pretraining.training import new_matcher
from tests.small_project import TEST_PAIRS, working_in

SAMPLE = Path("data/sample")


@pytest.fixture
def project(small_project: Path) -> Iterator[Path]:
    with working_in(small_project):
        yield small_project


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Path:
    """An untrained matcher for the project's features; unmatched pairs score from 0 to 1."""
    params = load_params()
    features = load_pairs(params.corpus.labels, params.model)
    torch.manual_seed(0)
    matcher = new_matcher(features, params)
    matcher.calibrate(torch.linspace(0, 1, 1001))
    AnANetEncoders.of(params, features.arrays.fingerprints).save(tmp_path)
    matcher.save_pretrained(tmp_path)
    return tmp_path


def test_scores_are_those_of_the_corpus(folder: Path) -> None:
    params = load_params()
    features = load_pairs(params.corpus.labels, params.model)
    matcher = AnANetMatcher.from_pretrained(folder)
    expected = {}
    with torch.inference_mode():
        for row in features.rows("test"):
            inputs = features.gather(np.array([row])).inputs
            images = matcher.encode_images(inputs["regions"], inputs["region_mask"])
            texts = matcher.encode_texts(inputs["words"], inputs["word_mask"])
            expected[features.ids[row]] = float(matcher.similarities(images, texts).sum())

    with read_posts(SAMPLE / "test_data.csv", SAMPLE / "image.zip") as posts:
        found = list(Scorer.from_pretrained(folder).score(posts))
    assert {score.id for score in found} == expected.keys()
    for score in found:
        assert score.score == pytest.approx(expected[score.id], abs=1e-3)
        assert score.score == pytest.approx(sum(score.similarities.values()), abs=1e-3)
        assert score.percentile == pytest.approx(100 * np.clip(score.score, 0, 1), abs=1.01)


def test_an_unreadable_image_is_told(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "posts.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("image", "text"), ("nothing.jpg", "a dog")])
    with read_posts(table, SAMPLE / "image.zip") as posts:
        (score,) = Scorer.from_pretrained(folder).score(posts)
    assert score.image == "missing"
    assert score.reason == "no such file"


def test_table_in_table_out(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(SAMPLE / "image.zip") as archive:
        path = archive.extract(archive.namelist()[0], tmp_path)
    scorer = Scorer.from_pretrained(str(folder))
    table = scorer.score_frame(pd.DataFrame({"image": [path, "no.jpg"], "text": ["a dog"] * 2}))
    (expected,) = scorer.score([(Image.open(path), "a dog")])
    line = table.loc[0].to_dict()
    assert (line["score"], line["percentile"]) == (expected.score, expected.percentile)
    similarities = {f"similarity_{name}": x for name, x in expected.similarities.items()}
    assert similarities.items() <= line.items()
    assert [*table["status"]] == ["ok", "missing"]


def test_command(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    posts = ["--csv", str(SAMPLE / "test_data.csv"), "--images", str(SAMPLE / "image.zip")]
    main(["predict", *posts, "--score", str(folder), "--out", str(out)])
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == TEST_PAIRS
    assert all(0 <= line["percentile"] <= 100 for line in lines)
    assert {"id", "score", "percentile", "similarities", "image"} == lines[0].keys()
