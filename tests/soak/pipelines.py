"""A small project in which some pipelines have run, and DVC sees all of them."""

import shutil
from collections.abc import Iterable, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from ruamel.yaml import YAML

from stages.sight import SIGHT
from tests.dvc_project import clone_project
from tests.encoders.clip.tiny_clip import save_tiny_clip
from tests.matching.tiny_matching import write_precomp
from tests.soak.runs import WarmProject
from tests.soak.stages import read_stages

_SMALL_ANANET = {"pretrained": "none", "changes": {"model": {"hidden": 8}}}
_CLIP = "data/pretrained/clip/tiny"
_SMALL: dict[str, dict[str, Any]] = {
    "pretrain": {"train": {"stages": [2], "batch_size": 8, "device": "cpu"}},
    "matching": {
        "corpus": {
            "kind": "pairs",
            "labels": ["explicit", "implicit", "irrelevant"],
            "folder": "data/captions",
        },
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
    "matching/noise_study": {
        "components": 4,
        "settings": {
            "text": {"width": 4},
            "model": {"width": 4},
            "train": {"stages": [1, 1]},
        },
        "losses": ["active_complementary", "hinge"],
        "seeds": [0],
    },
    "detector": {
        "label": {"photos": "data/sample/image.zip", "held_out": "data/held_out.csv"},
        "train": {"steps": 4, "batch_size": 4, "checkpoint_every": 2, "threads": 1},
        "evaluate": {"resamples": 10, "images": 2},
    },
    "studies": {
        "seeds": 2,
        "settings": {"model": {"hidden": 8}},
        "variants": dict.fromkeys(
            ("pretrained", "pretrained_paper_votes", "pretrained_paper_training"), _SMALL_ANANET
        ),
        "clip": {"tiny": {"model": _CLIP, "revision": None, "device": "cpu"}},
        "sweep": {"lambda": [0.1, 0.7], "eta": [0.7], "seeds": 1},
        "learning_curve": {"fractions": [0.5], "seeds": 1},
        "label_noise": {"rates": [0.4], "seeds": 1},
        "report": {"resamples": 50},
    },
}


def make_all(root: Path, cache: Path, pipelines: Iterable[str]) -> WarmProject:
    """Clone the working tree with small settings, and run these pipelines, by their dvc.yaml."""
    project = clone_project(root, cache, WarmProject)
    for name, values in _SMALL.items():
        _set(root / "stages" / name / "params.yaml", values)
    save_tiny_clip(root / _CLIP)
    (root / SIGHT).write_text("!dvc.yaml\n", encoding="utf-8")
    project.dvc("repro", "stages/sample/dvc.yaml:draw")
    _write_unlabelled(root / "data")
    _write_captions(root / "data")
    _write_held_out(root / "data")
    for file in pipelines:
        for stage in read_stages(root, file):
            project.dvc("repro", str(stage))
    return project


def _set(path: Path, values: Mapping[str, Any]) -> None:
    yaml = YAML()
    params = yaml.load(path)
    _update(params, values)
    yaml.dump(params, path)


def _update(params: dict[str, Any], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping) and name in params:
            _update(params[name], value)
        else:
            params[name] = value


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


def _write_captions(data: Path) -> None:
    """What `captions` reads, and what `precomp` does, in the one folder that params.yaml names."""
    folder = write_precomp(data / "captions", per_image=5)
    shutil.copy(data / "sample/truth.jsonl", folder)


def _write_held_out(data: Path) -> None:
    """Which of the sample's images the detector is not trained on."""
    with ZipFile(data / "sample/image.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")][::2]
    lines = [f"{name},{split}\n" for name, split in zip(names, cycle(["tune", "test"]))]
    (data / "held_out.csv").write_text("name,split\n" + "".join(lines))
