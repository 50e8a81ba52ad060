"""A small project in which every pipeline has run, and DVC sees them all."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.sight import SIGHT
from tests.dvc_project import clone_project
from tests.soak.runs import WarmProject
from tests.soak.stages import PIPELINES, read_stages

_SMALL: dict[str, dict[str, Any]] = {
    "pretrain": {"train": {"stages": [2], "batch_size": 8, "device": "cpu"}},
    "matching": {
        "corpus": {"kind": "pairs", "labels": ["explicit", "implicit", "irrelevant"]},
        "text": {"words": "glove"},
        "model": {"width": 4, "similarity_width": 4},
        "train": {"stages": [1, 1], "batch_size": 8, "device": "cpu"},
    },
    "search": {
        "keywords": {"source": "mined", "min_df": 1, "folds": 2},
        "query": {"width": 4},
        "network": {"width": 4},
        "train": {"epochs": 2, "batch_size": 8, "device": "cpu"},
    },
}


def make_all(root: Path, cache: Path) -> WarmProject:
    """Clone the working tree with small settings, and run its pipelines."""
    project = clone_project(root, cache, WarmProject)
    for pipeline, values in _SMALL.items():
        _set(root / "stages" / pipeline / "params.yaml", values)
    (root / SIGHT).write_text("!dvc.yaml\n", encoding="utf-8")
    project.dvc("repro", "stages/sample/dvc.yaml:draw")
    _write_unlabelled(root / "data")
    for file in PIPELINES:
        project.dvc("repro", *map(str, read_stages(root, file)))
    return project


def _set(path: Path, values: Mapping[str, Mapping[str, Any]]) -> None:
    yaml = YAML()
    params = yaml.load(path)
    for section, own in values.items():
        params[section].update(own)
    yaml.dump(params, path)


def _write_unlabelled(data: Path) -> None:
    """The sample's posts without labels, twice, so that dev, a tenth of the images, has two."""
    (data / "unlabelled").mkdir()
    shutil.copy(data / "sample/image.zip", data / "unlabelled")
    lines = [
        line
        for split in ("train", "dev", "test")
        for line in (data / f"sample/{split}_data.csv").read_text().splitlines()[1:]
    ]
    rows = [f"{copy}{line}\n" for copy in "ab" for line in lines]
    (data / "unlabelled/posts.csv").write_text("id,image,text,label\n" + "".join(rows))
