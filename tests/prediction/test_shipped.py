"""The pretrained encoders that come with the project fit what it does by default."""

import os
import re
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from pipeline.corpus.layouts.flickr8k import read_captions
from pipeline.models.ananet_matcher import AnANetMatcher
from pipeline.models.saved import AnANetEncoders
from pipeline.params.presets import PRESETS
from pipeline.params.project import load_params
from pipeline.prediction import Post, Scorer
from tests.tiny import ROOT, tiny_params

FOLDER = ROOT / "data" / "pretrained" / "ananet" / PRESETS["pretrained"]["model.pretrained"]


def test_the_card_tells_the_weights() -> None:
    weights = (FOLDER / "model.safetensors").read_bytes()
    (named,) = re.findall(r"\b[0-9a-f]{64}\b", (FOLDER / "README.md").read_text())
    assert named == sha256(weights).hexdigest()
    assert len(weights) < 15e6


def test_it_is_for_the_default_encoders_and_the_preset() -> None:
    params, preset = load_params(ROOT / "params.yaml"), PRESETS["pretrained"]
    config = AnANetMatcher.from_pretrained(FOLDER).config
    settings = AnANetEncoders.load(FOLDER, config.encoders)
    assert (settings.regions, settings.glove) == (params.regions, params.glove)
    assert (settings.bert, settings.tokenizer) == (params.bert, params.prepare.tokenizer)
    assert config.model.hidden == preset["model.hidden"]
    assert config.d_inv == params.association.d_inv
    assert config.model.text == params.model.text


@pytest.mark.real_data
@pytest.mark.skipif("REAL_DATA" not in os.environ, reason="REAL_DATA names no folder")
def test_own_captions_fit_better_than_those_of_other_photos() -> None:
    corpus = Path(os.environ["REAL_DATA"]) / "flickr8k"
    named = tiny_params({"corpus.path": str(corpus)}).corpus
    captions = read_captions(named)
    names = (corpus / "Flickr_8k.testImages.txt").read_text().split()[:16]
    texts = [captions[name]["0"] for name in names]
    with zipfile.ZipFile(corpus / "image.zip") as archive:
        files = {Path(name).name: name for name in archive.namelist()}
        images = [archive.read(files[name]) for name in names]
    posts = [
        Post.of(image, text, f"{i}|{j}")
        for i, image in enumerate(images)
        for j, text in enumerate(texts)
    ]
    found = [score.percentile for score in Scorer.from_pretrained(FOLDER).score(posts)]
    percentiles = np.array(found).reshape(16, 16)
    own = np.eye(16, dtype=bool)
    assert np.median(percentiles[own]) > 95
    assert 30 < np.median(percentiles[~own]) < 70
