"""The linear head on a dual encoder's embeddings."""

import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML

from pipeline import paths
from pipeline.errors import UserError
from pipeline.features.store import ClipImageFeatures, ClipTextFeatures
from pipeline.studies.clip import joined, predict_clip
from stages.studies import extract_clip, train_clip
from stages.studies import paths as studies
from tests.encoders.clip.tiny_clip import WIDTH, save_tiny_clip
from tests.studies.drawn_embeddings import LABELS, write_embeddings
from tests.tiny import ROOT
from tests.tiny_corpus import SIZES, tiny_corpus


def test_both_sides_and_their_products_are_joined() -> None:
    image, text = np.float32([[0.6, 0.8]]), np.float32([[1.0, -0.5]])
    found = joined(image, text)
    np.testing.assert_allclose(found, [[0.6, 0.8, 1.0, -0.5, 0.6, -0.4]], rtol=1e-6)


def test_what_neither_side_knows_alone_is_learned_from_their_products(tmp_path: Path) -> None:
    pairs = tiny_corpus().pairs
    write_embeddings(tmp_path, pairs)
    found = predict_clip(pairs, tmp_path / "images.h5", tmp_path / "texts.h5", LABELS, seed=0)
    test = pairs[pairs["split"] == "test"]
    assert found.ids == test["id"].tolist()
    assert [LABELS[i] for i in found.gold] == test["label"].tolist()
    assert (found.probabilities.argmax(1) == found.gold).mean() > 0.8
    shuffled = pairs.assign(text_key=np.roll(pairs["text_key"], 7))
    wrong = predict_clip(shuffled, tmp_path / "images.h5", tmp_path / "texts.h5", LABELS, seed=0)
    assert (wrong.probabilities.argmax(1) == wrong.gold).mean() < 0.6


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of drawn pairs, their images and a random CLIP, as `prepare` leaves it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path / "cache"))
    model = paths.PRETRAINED / "clip" / "tiny"
    save_tiny_clip(model)
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["corpus"].update(path="posts", images="images")
    yaml.dump(params, tmp_path / "params.yaml")
    (tmp_path / "stages" / "studies").mkdir(parents=True)
    study = yaml.load(ROOT / "stages" / "studies" / "params.yaml")
    study.update(seeds=2, workers=1)
    study["clip"] = {"tiny": {"model": str(model), "revision": None, "device": "cpu"}}
    yaml.dump(study, tmp_path / "stages" / "studies" / "params.yaml")
    _prepare(tmp_path / "posts" / "images")
    return tmp_path


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True)
    total = sum(SIZES.values())
    for i in range(6):
        noise = np.random.default_rng(i).integers(0, 256, (8, 9, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{i}.png")
    (folder / "broken.png").write_bytes(b"no image")
    names = [*(f"{i}.png" for i in range(6)), "broken.png"]
    status = ["ok"] * 6 + ["unreadable"]
    keys = [sha256((folder / name).read_bytes()).hexdigest() for name in names]
    words = [["a", "dog"], ["red", "cat", "here"], ["a"] * 40]
    texts = [sha256(" ".join(each).encode()).hexdigest() for each in words]
    pairs = tiny_corpus().pairs.assign(
        image_key=[keys[i % 7] for i in range(total)], text_key=[texts[i % 3] for i in range(total)]
    )
    paths.PAIRS.parent.mkdir(parents=True)
    pairs.to_parquet(paths.PAIRS, index=False)
    pd.DataFrame({"key": keys, "name": names, "status": status}).to_parquet(paths.IMAGES)
    pd.DataFrame({"key": texts, "words": words}).to_parquet(paths.TEXTS)


def test_stages_embed_and_judge(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["", "tiny"])
    extract_clip.main()
    assert capsys.readouterr().out == "1 of 3 texts are longer than 8 pieces and were cut\n"
    images = ClipImageFeatures.read(studies.CLIP / "tiny" / "images.h5")
    assert images.vectors.shape == (7, WIDTH)
    assert images.status.tolist() == [0] * 6 + [2]
    assert images.vectors.any(1).tolist() == [True] * 6 + [False]
    texts = ClipTextFeatures.read(studies.CLIP / "tiny" / "texts.h5")
    assert texts.cut.tolist() == [False, False, True]
    train_clip.main()
    runs = pd.read_parquet(studies.BASELINES / "tiny.parquet")
    assert len(runs) == 2 * SIZES["test"]
    votes = runs[[f"p_{label}" for label in LABELS]].to_numpy()
    np.testing.assert_allclose(votes.sum(1), 1, atol=1e-5)


def test_a_row_that_is_not_named_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["", "tinny"])
    for stage in (extract_clip, train_clip):
        with pytest.raises(UserError, match="no dual encoder 'tinny'; there are: tiny"):
            stage.main()
