"""A whole small project: a drawn corpus, tiny encoders, every stage run."""

import json
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import torch
from ruamel.yaml import YAML
from safetensors.torch import save_file

from pipeline.encoders.detectors.lite import FasterRCNNLite
from stages import (
    embed_bert,
    embed_glove,
    evaluate,
    evaluate_sides,
    extract_regions,
    prepare,
    train,
)
from stages.sample import draw
from tests.encoders.bert.tiny_bert import save_tiny_bert
from tests.tiny import ROOT

CLASSES = ("__background__", "dog", "cat")
TEST_PAIRS = 12
SETTINGS = {
    "sample": {"train": 12, "dev": 6, "test": TEST_PAIRS},
    "regions": {"weights": "data/pretrained/regions/lite.safetensors", "count": 5, "device": "cpu"},
    "glove": {"vectors": "data/pretrained/glove/vectors.txt"},
    "bert": {"model": "data/pretrained/bert/tiny", "device": "cpu"},
    "model": {"hidden": 8},
    "association": {"d_inv": 4, "d_var": 4},
    "train": {"epochs": 2, "device": "cpu"},
    "evaluate": {"bootstrap": 50},
}


@contextmanager
def working_in(folder: Path, cache: Path | None = None) -> Iterator[None]:
    """Be in a project's folder, with a row cache of its own; cache: if not `folder`/cache."""
    before = os.environ.get("ANANET_CACHE")
    os.environ["ANANET_CACHE"] = str(cache or folder / "cache")
    try:
        with chdir(folder):
            yield
    finally:
        os.environ.pop("ANANET_CACHE")
        if before is not None:
            os.environ["ANANET_CACHE"] = before


def make_project(folder: Path) -> None:
    """Write encoders and params.yaml into a folder, and run the stages there."""
    write_encoders(folder)
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for section, values in SETTINGS.items():
        params[section].update(values)
    yaml.dump(params, folder / "params.yaml")
    with working_in(folder):
        made = (draw, prepare, extract_regions, embed_glove, embed_bert, train)
        for stage in (*made, evaluate_sides, evaluate):
            stage.main()
    torch.use_deterministic_algorithms(False)


def write_encoders(folder: Path) -> None:
    """Write the tiny detector, word vectors and BERT that SETTINGS names."""
    torch.manual_seed(0)
    weights = FasterRCNNLite(CLASSES).state_dict()
    pretrained = folder / "data" / "pretrained"
    for section in ("regions", "glove"):
        (pretrained / section).mkdir(parents=True, exist_ok=True)
    save_file(weights, pretrained / "regions/lite.safetensors", {"classes": json.dumps(CLASSES)})
    save_tiny_bert(pretrained / "bert/tiny")
    words = ["a", "the", "dog", "my", "is", "hashtag", "url"]
    lines = [f"{word} {i} {-i} 1" for i, word in enumerate(words)]
    (pretrained / "glove/vectors.txt").write_text("\n".join(lines) + "\n")
