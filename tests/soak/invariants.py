"""What must hold in a project whose run has ended."""

import csv
import random
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from pipeline import paths
from pipeline.corpus.pairs import SPLITS
from pipeline.encoders.bert.corpus import write_texts
from pipeline.encoders.glove.glove import write_glove
from pipeline.encoders.regions.corpus import write_regions
from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures
from pipeline.features.texts import read_texts
from pipeline.images.corpus import images_path
from pipeline.params.project import load_params
from tests.small_project import working_in
from tests.soak.corpus import Corpus

# All that a run makes, but the page, which shows a date and a commit.
_OUTPUTS = ("interim/*.parquet", "features/*.h5", "models/ananet/*", "reports/**/*")


def state_of(root: Path, corpus: Path) -> str:
    """The digest of what decides a run: parameters and corpus."""
    files = sorted(path for path in corpus.rglob("*") if path.is_file())
    told = [(path.relative_to(root).as_posix(), _hash(path)) for path in files]
    return sha256(repr((told, _hash(root / "params.yaml"))).encode()).hexdigest()


def made_in(root: Path) -> dict[str, str]:
    """The digest of every file that a run makes."""
    found = {path for pattern in _OUTPUTS for path in (root / "data").glob(pattern)}
    return {
        path.relative_to(root).as_posix(): _hash(path)
        for path in sorted(found)
        if path.is_file() and path.name not in ("index.html", "bench.json")
    }


def require_order(root: Path, corpus: Corpus) -> None:
    """Every pair stands where its table has it, with its own picture, label and features."""
    rows = [(split, row) for split in SPLITS for row in corpus.rows(split)]
    pairs = pd.read_parquet(root / paths.PAIRS)
    assert pairs["id"].tolist() == [row["id"] for _, row in rows]
    assert pairs["split"].tolist() == [split for split, _ in rows]
    assert pairs["label"].tolist() == [row["label"] for _, row in rows]
    assert pairs["image_key"].tolist() == [_hash(corpus.picture(row)) for _, row in rows]
    posts = pd.read_parquet(root / paths.POSTS).set_index("id")["text"]
    assert [posts[row["id"]] for _, row in rows] == [row["text"] for _, row in rows]
    images = pd.read_parquet(root / paths.IMAGES)["key"].tolist()
    texts = pd.read_parquet(root / paths.TEXTS)["key"].tolist()
    assert images == list(dict.fromkeys(pairs["image_key"]))
    assert texts == list(dict.fromkeys(pairs["text_key"]))
    assert _keys(RegionFeatures.read(root / paths.REGIONS)) == images
    assert _keys(GloveFeatures.read(root / paths.GLOVE)) == texts
    assert _keys(BertFeatures.read(root / paths.BERT)) == texts
    with (root / paths.PREDICTIONS).open(encoding="utf-8", newline="") as file:
        predicted = [(row["id"], row["gold"]) for row in csv.DictReader(file)]
    assert predicted == [(row["id"], row["label"]) for split, row in rows if split == "test"]


def require_lone_rows(root: Path, rng: random.Random) -> None:
    """A picture and a text, drawn by chance, have the features that each gets alone."""
    images, texts = pd.read_parquet(root / paths.IMAGES), pd.read_parquet(root / paths.TEXTS)
    image, text = rng.randrange(len(images)), rng.randrange(len(texts))
    with TemporaryDirectory() as made, working_in(root, (cache := Path(made)) / "rows"):
        images[image : image + 1].to_parquet(cache / "images.parquet", index=False)
        texts[text : text + 1].to_parquet(cache / "texts.parquet", index=False)
        params = load_params()
        source = images_path(Path(params.corpus.path), params.corpus.images)
        write_regions(
            cache / "r.h5", params.regions, params.compute, cache / "images.parquet", source
        )
        alone = read_texts(cache / "texts.parquet")
        write_glove(cache / "g.h5", alone, params.glove.vectors, params.glove.oov)
        write_texts(cache / "b.h5", params.bert, params.compute, cache / "texts.parquet")
        _require_equal_regions(cache / "r.h5", image)
        _require_equal_words(cache, text)


def _require_equal_regions(path: Path, row: int) -> None:
    alone, together = RegionFeatures.read(path), RegionFeatures.read(paths.REGIONS)
    for name in ("features", "boxes", "scores", "classes", "mask", "size", "status"):
        one, all_ = getattr(alone, name), getattr(together, name)
        assert one[0].tobytes() == all_[row].tobytes(), f"{name} of picture {row}"


def _require_equal_words(folder: Path, row: int) -> None:
    bert, all_bert = BertFeatures.read(folder / "b.h5"), BertFeatures.read(paths.BERT)
    words = slice(*all_bert.offsets[row : row + 2])
    assert bert.vectors.tobytes() == all_bert.vectors[words].tobytes(), f"BERT of text {row}"
    glove, all_glove = GloveFeatures.read(folder / "g.h5"), GloveFeatures.read(paths.GLOVE)
    words = slice(*all_glove.offsets[row : row + 2])
    one = glove.vectors[glove.word_ids]
    assert np.array_equal(one, all_glove.vectors[all_glove.word_ids[words]]), f"GloVe of text {row}"


def _keys(features: RegionFeatures | GloveFeatures | BertFeatures) -> list[str]:
    return [key.decode() for key in features.keys.tolist()]


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
